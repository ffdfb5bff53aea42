// Values of a table as text, as CSV, in order, and under filters. Numbers keep their last digit.

const NUMBERS = new Set(['int64', 'float64'])
const FORMULA = /^ *[=+\-@\t\r\n]/
const NEVER_FORMULA = new Set(['int64', 'float64', 'bool', 'json', 'list<string>', 'list<int64>'])

export const isNumber = kind => NUMBERS.has(kind)

export function asText(value, kind) {
  if (value === null || value === undefined) return ''
  if (kind === 'binary') return Array.from(value, byte => byte.toString(16).padStart(2, '0')).join('')
  if (kind === 'json') return typeof value === 'string' ? value : JSON.stringify(value)
  if (kind === 'list<string>' || kind === 'list<int64>') {
    return kind === 'list<int64>' ? `[${value.join(',')}]` : JSON.stringify(value)
  }
  if (typeof value === 'object') return JSON.stringify(value)
  return String(value)
}

// A cell of CSV (RFC 4180): no text that a spreadsheet may run as a formula, as in the files of the release.
export function asCsvCell(value, kind) {
  let text = asText(value, kind)
  if (!NEVER_FORMULA.has(kind) && FORMULA.test(text)) text = `'${text}`
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

export function asCsv(rows, columns) {
  const lines = [columns.map(column => asCsvCell(column.name, 'string')).join(',')]
  for (const row of rows) lines.push(columns.map(column => asCsvCell(row[column.name], column.kind)).join(','))
  return `${lines.join('\r\n')}\r\n`
}

// The condition that a filter's text states for a column; null for none.
export function condition(text, kind) {
  const trimmed = text.trim()
  if (!trimmed) return null
  const compared = /^(>=|<=|>|<)\s*(-?[0-9.]+(?:e[+-]?[0-9]+)?)$/i.exec(trimmed)
  if (compared && isNumber(kind)) {
    const limit = Number(compared[2])
    const holds = {
      '>=': value => value >= limit, '<=': value => value <= limit,
      '>': value => value > limit, '<': value => value < limit,
    }[compared[1]]
    return value => value !== null && value !== undefined && holds(Number(value))
  }
  if (trimmed.startsWith('=')) {
    const wanted = trimmed.slice(1)
    return value => asText(value, kind) === wanted
  }
  const wanted = trimmed.toLowerCase()
  return value => asText(value, kind).toLowerCase().includes(wanted)
}

// Order of two values; what is null comes last either way.
export function compare(a, b, kind, direction) {
  const noA = a === null || a === undefined
  const noB = b === null || b === undefined
  if (noA || noB) return Number(noA) - Number(noB)
  if (isNumber(kind)) return a < b ? -direction : a > b ? direction : 0
  const [textA, textB] = [asText(a, kind), asText(b, kind)]
  return textA < textB ? -direction : textA > textB ? direction : 0
}
