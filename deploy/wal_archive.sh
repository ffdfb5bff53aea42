#!/bin/sh
# PostgreSQL's archive_command: wal_archive.sh %p ARCHIVE/%f. A segment is in the archive whole or not at all, is on disk
# when this ends, and is never replaced by another one.
set -eu
umask 077
segment=$1
target=$2
mkdir -p "$(dirname "$target")"
if [ -e "$target" ]; then
  cmp -s "$segment" "$target" # the same again, as after a crash, is well; another one of this name is a mistake
  exit
fi
cp "$segment" "$target.new"
sync "$target.new"
mv "$target.new" "$target"
sync "$(dirname "$target")"
