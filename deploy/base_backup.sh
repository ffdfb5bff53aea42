#!/bin/sh
# base_backup.sh FOLDER ARCHIVE [KEEP]: a base backup of PostgreSQL below FOLDER, verified. With the segments in ARCHIVE it
# brings the database back up to the last of them (restore_wal.sh). Afterwards all but the newest KEEP (2) are removed, and
# the segments that only they needed. PGHOST, PGUSER and PGPASSWORD say where the database is.
set -eu
umask 077
folder=$1
archive=$2
keep=${3:-2}
mkdir -p "$folder"
rm -rf "$folder/.new"
pg_basebackup --no-password --checkpoint=fast --wal-method=stream --pgdata="$folder/.new"
pg_verifybackup --quiet "$folder/.new"
name=base-$(date -u +%Y-%m-%dT%H%M%SZ)
mv "$folder/.new" "$folder/$name"
find "$folder" -mindepth 1 -maxdepth 1 -type d -name 'base-*' | sort | head -n "-$keep" | xargs -r rm -r
oldest=$(find "$folder" -mindepth 1 -maxdepth 1 -type d -name 'base-*' | sort | head -n 1)
pg_archivecleanup "$archive" "$(sed -n 's/^START WAL LOCATION: .*(file \([0-9A-F]*\)).*/\1/p' "$oldest/backup_label")"
echo "base backup $name: $(du -sk "$folder/$name" | cut -f1) KiB"
