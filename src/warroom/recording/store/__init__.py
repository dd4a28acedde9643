"""All SQL of recording: holds and alarms, the only things of it that PostgreSQL knows.

Footage itself is in the indexes of the disks, so that it is there when PostgreSQL is not.
"""
