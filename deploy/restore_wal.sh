#!/bin/sh
# restore_wal.sh BASE ARCHIVE DATA [OLD_PG_WAL]: fill the empty folder DATA with the base backup BASE, so that PostgreSQL,
# when it is started there, replays ARCHIVE to its last segment. OLD_PG_WAL is the folder pg_wal of the lost database, if it
# can still be read: it has what was not archived yet.
set -eu
umask 077
base=$1
archive=$2
data=$3
old=${4:-}
if [ -n "$(ls -A "$data" 2>/dev/null)" ]; then
  echo "restore_wal.sh: $data is not empty: move it away, it may be needed" >&2
  exit 1
fi
if [ -n "$old" ]; then
  for segment in "$old"/????????????????????????; do
    [ -e "$archive/${segment##*/}" ] || cp "$segment" "$archive/"
  done
fi
mkdir -p "$data"
chmod 0700 "$data"
cp -a "$base/." "$data/"
rm -rf "$data"/pg_wal/*.history
printf "restore_command = 'cp \"%s/%%f\" \"%%p\"'\nrecovery_target_timeline = 'latest'\n" "$archive" >>"$data/postgresql.auto.conf"
touch "$data/recovery.signal"
