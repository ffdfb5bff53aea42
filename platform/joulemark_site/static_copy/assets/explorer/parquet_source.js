// The Parquet files of one table: which columns fit a first look, and rows by parts of files (HTTP Range).

import { parquetMetadataAsync } from '../hyparquet/metadata.js'
import { parquetReadObjects } from '../hyparquet/read.js'

// The metadata at the end of a file; a smaller file is read at once.
const FOOTER_BYTES = 48 * 1024
// All column chunks of the first look together.
export const FIRST_LOOK_BYTES = 96 * 1024
// Above this, reading waits for the reader's word.
export const ASK_BYTES = 8 * 1024 * 1024
// Rows that filters and order see at most.
export const MAX_ROWS = 200000

// hyparquet would cut times to milliseconds; the release has microseconds, and so has its CSV.
const parsers = {
  timestampFromMicroseconds: micros => {
    if (micros === undefined || micros === null) return micros
    const millis = Number(micros / 1000n)
    const rest = String(Number(micros % 1000n)).padStart(3, '0')
    return new Date(millis).toISOString().replace('Z', `${rest}Z`)
  },
  dateFromDays: days => new Date(days * 86400000).toISOString().slice(0, 10),
}

export class LargeFile extends Error {
  constructor(bytes) {
    super('large file')
    this.bytes = bytes
  }
}

// An AsyncBuffer of hyparquet over fetch, which counts what moves. A server without Range sends the whole file once.
export function rangedFile(url, byteLength, moved) {
  let whole
  const small = byteLength <= FOOTER_BYTES
  async function request(start, end) {
    const abort = new AbortController()
    const response = await fetch(url, { headers: { Range: `bytes=${start}-${end - 1}` }, signal: abort.signal })
    if (response.status === 206) {
      const part = await response.arrayBuffer()
      moved.bytes += part.byteLength
      return part
    }
    if (response.status !== 200) throw new Error(`HTTP ${response.status}`)
    moved.wholeFiles = true
    if (byteLength > ASK_BYTES && !moved.allowed) {
      abort.abort()
      throw new LargeFile(byteLength)
    }
    whole = response.arrayBuffer()
    moved.bytes += (await whole).byteLength
    return (await whole).slice(start, end)
  }
  return {
    byteLength,
    async slice(start, end = byteLength) {
      if (small && !whole) whole = request(0, byteLength)
      if (whole) return (await whole).slice(start, end)
      return request(start, end)
    },
  }
}

export class TableSource {
  constructor(table, root, moved) {
    this.table = table
    this.moved = moved
    this.files = table.files.map(([path, bytes, rows]) => ({ path, rows, buffer: rangedFile(root + path, bytes, moved) }))
  }

  async metadata(file) {
    file.metadata ??= parquetMetadataAsync(file.buffer, { initialFetchSize: FOOTER_BYTES, geoparquet: false })
    try {
      return await file.metadata
    } catch (error) {
      file.metadata = undefined
      error.path = file.path
      throw error
    }
  }

  // Bytes of each column in a row group of a file.
  static chunkBytes(group) {
    const sizes = new Map()
    for (const { meta_data: meta } of group.columns) {
      const name = meta.path_in_schema[0]
      sizes.set(name, (sizes.get(name) ?? 0) + Number(meta.total_compressed_size))
    }
    return sizes
  }

  // Columns that are shown first: those that always are, then as many as fit, in the table's order.
  async firstColumns() {
    const names = this.table.columns.map(column => column.name)
    const file = this.files.find(each => each.rows > 0)
    if (!file) return names
    const { row_groups: groups } = await this.metadata(file)
    const sizes = TableSource.chunkBytes(groups[0])
    let left = FIRST_LOOK_BYTES
    const chosen = new Set()
    for (const name of [...this.table.always, ...names]) {
      const bytes = sizes.get(name) ?? 0
      if (chosen.has(name) || (bytes > left && !this.table.always.includes(name))) continue
      chosen.add(name)
      left -= bytes
    }
    return names.filter(name => chosen.has(name))
  }

  // What reading these columns of all rows moves; of a file whose metadata is not read yet, its share by rows.
  async bytesOf(columns) {
    let known = 0
    let knownRows = 0
    let rows = 0
    for (const file of this.files) {
      rows += file.rows
      if (!file.metadata) continue
      const { row_groups: groups } = await this.metadata(file)
      knownRows += file.rows
      for (const group of groups) {
        const sizes = TableSource.chunkBytes(group)
        for (const name of columns) known += sizes.get(name) ?? 0
      }
    }
    return knownRows ? Math.round(known * Math.min(rows, MAX_ROWS) / knownRows) : 0
  }

  // Rows from `start` to `end` of the table as objects, in the order of the files.
  async rows(columns, start, end) {
    const found = []
    let before = 0
    for (const file of this.files) {
      const from = Math.max(start - before, 0)
      const to = Math.min(end - before, file.rows)
      before += file.rows
      if (from >= to) continue
      const metadata = await this.metadata(file)
      try {
        const part = await parquetReadObjects({
          file: file.buffer, metadata, columns, rowStart: from, rowEnd: to, parsers,
        })
        for (const row of part) found.push(row)
      } catch (error) {
        error.path = file.path
        throw error
      }
    }
    return found
  }
}
