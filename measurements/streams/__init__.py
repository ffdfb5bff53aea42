"""Any number of rows as CSV, JSON Lines or Parquet, in bounded memory: the database writes, this process passes on."""
