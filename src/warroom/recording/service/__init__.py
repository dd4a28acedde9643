"""Use cases of recording that PostgreSQL knows: holds and alarms."""
