"""Copies of a node, and a node made of a copy: `warroom backup`, `warroom restore`.

A folder of backups holds one folder for each backup, named by its time, and `wal/`, where the
write-ahead log of the embedded PostgreSQL is received between two of them:

    <folder>/20261124T060000Z/manifest.json   what it holds: size and SHA-256 of every file
                              manifest.mac    keyed digest of the manifest
                              keys.sealed     keys, passwords of the database's roles, settings
                              postgres/       base backup of the embedded cluster, or
                              database.dump   pg_dump of a database that runs elsewhere
                              data/           blobs, call recordings, anchors of the audit, city
                              disks/<n>/      index of a recorder's disk, and its footage if asked
    <folder>/wal/<series>/                    WAL received since a first backup

Begin with `create.py` and `restore.py`; decision 95 tells why it is so.
"""
