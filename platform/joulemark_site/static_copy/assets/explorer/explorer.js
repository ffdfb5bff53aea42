// The explorer of a static copy: one table of the release at a time, named by the fragment of the page's address.

import { drawBar, drawColumns, drawTable, element } from './drawing.js'
import { ASK_BYTES, LargeFile, MAX_ROWS, TableSource } from './parquet_source.js'
import { asCsv, compare, condition } from './values.js'

const PAGE_ROWS = 50
const place = document.getElementById('explorer')
const words = JSON.parse(place.dataset.words)
const numbers = new Intl.NumberFormat(place.dataset.language)

const say = (name, values = {}) =>
  words[name].replace(/\{(\w+)\}/g, (_, key) => (typeof values[key] === 'number' ? numbers.format(values[key]) : values[key]))
const inUnit = unit => new Intl.NumberFormat(place.dataset.language, { style: 'unit', unit, maximumFractionDigits: 1 })
const [kilobytes, megabytes] = [inUnit('kilobyte'), inUnit('megabyte')]
const sizeText = bytes => (bytes < 1e6 ? kilobytes.format(Math.ceil(bytes / 1000)) : megabytes.format(bytes / 1e6))

const status = element('p', { role: 'status', class: 'explorer-status' })
const note = element('p', { class: 'note', hidden: true })
const bar = element('div', { class: 'explorer-bar' })
const columnsPlace = element('details', { class: 'explorer-columns' })
const help = element('p', { class: 'quiet', id: 'explorer-filters' }, words.filter_help)
const frame = element('div', { class: 'explorer-frame', tabindex: '0', role: 'region' })
place.append(status, note, bar, columnsPlace, help, frame)

let view = null
let turn = 0

// What the address names: the table, filters by column, the order, and columns beside the first ones.
function question() {
  const asked = new URLSearchParams(location.hash.slice(1))
  const table = asked.get('table') || place.dataset.first
  const sort = asked.get('sort') || ''
  const shown = asked.get('columns')
  for (const name of ['table', 'sort', 'columns']) asked.delete(name)
  return { table, sort, shown: shown ? shown.split(',') : null, filters: Object.fromEntries(asked) }
}

function writeQuestion() {
  const asked = new URLSearchParams({ table: view.table.name })
  for (const [name, text] of Object.entries(view.filters)) if (text.trim()) asked.set(name, text)
  if (view.sort) asked.set('sort', view.sort)
  if (view.chosen) asked.set('columns', view.columns.map(column => column.name).join(','))
  history.replaceState(null, '', `#${asked}`)
}

function explain(error) {
  if (error instanceof LargeFile) {
    note.replaceChildren(`${say('whole_file', { size: sizeText(error.bytes) })} `, allowButton(error.bytes))
  } else {
    const file = error.path ?? view?.table.name ?? ''
    note.replaceChildren(say('failed', { file, reason: error.message }))
  }
  note.hidden = false
  status.textContent = ''
}

function allowButton(bytes) {
  return element('button', { type: 'button', class: 'button', onclick: () => { view.moved.allowed = true; show(true) } },
    say('read_all', { size: sizeText(bytes) }))
}

async function open() {
  const mine = ++turn
  const asked = question()
  note.hidden = true
  status.textContent = say('reading', { table: asked.table })
  try {
    if (!document.querySelector(`[data-table="${CSS.escape(asked.table)}"]`)) {
      throw new Error(say('no_table', { table: asked.table }))
    }
    const response = await fetch(`${place.dataset.tables}${asked.table}.json`)
    if (!response.ok) throw new Error(`HTTP ${response.status}`)
    const text = await response.text()
    const table = JSON.parse(text)
    const moved = { bytes: new Blob([text]).size, wholeFiles: false, allowed: false }
    const source = new TableSource(table, place.dataset.root, moved)
    const known = new Set(table.columns.map(column => column.name))
    const filters = Object.fromEntries(Object.entries(asked.filters).filter(([name]) => known.has(name)))
    const needed = [...table.always, ...Object.keys(filters), asked.sort.replace(/^-/, '')]
    const first = asked.shown ?? await source.firstColumns()
    if (mine !== turn) return
    const columns = table.columns.filter(({ name }) => first.includes(name) || needed.includes(name))
    view = { table, source, moved, filters, sort: known.has(asked.sort.replace(/^-/, '')) ? asked.sort : '',
      columns, chosen: asked.shown !== null, start: 0, all: null, allOf: '' }
    await show()
  } catch (error) {
    if (mine === turn) explain(error)
  }
}

const isAsked = () => Boolean(view.sort || Object.values(view.filters).some(text => text.trim()))

// All rows of the columns in use, once; null where the reader has first to agree to what moves.
async function allRows() {
  const names = view.columns.map(column => column.name)
  if (view.allOf === names.join()) return view.all
  const bytes = await view.source.bytesOf(names)
  if (bytes > ASK_BYTES && !view.moved.allowed) {
    note.replaceChildren(`${say('large', { size: sizeText(bytes) })} `, allowButton(bytes))
    note.hidden = false
    return null
  }
  view.all = await view.source.rows(names, 0, MAX_ROWS)
  view.allOf = names.join()
  return view.all
}

function matching(rows) {
  const kinds = new Map(view.table.columns.map(column => [column.name, column.kind]))
  const conditions = Object.entries(view.filters)
    .map(([name, text]) => [name, condition(text, kinds.get(name))])
    .filter(([, holds]) => holds)
  const found = rows.filter(row => conditions.every(([name, holds]) => holds(row[name])))
  if (view.sort) {
    const name = view.sort.replace(/^-/, '')
    const direction = view.sort.startsWith('-') ? -1 : 1
    found.sort((a, b) => compare(a[name], b[name], kinds.get(name), direction))
  }
  return found
}

async function show(again = false) {
  const mine = ++turn
  if (again) note.hidden = true
  try {
    let rows = []
    let total = view.table.rows
    if (isAsked()) {
      status.textContent = say('reading', { table: view.table.name })
      const all = await allRows()
      if (mine !== turn) return
      if (all) {
        const found = matching(all)
        total = found.length
        rows = found.slice(view.start, view.start + PAGE_ROWS)
      } else total = null
    } else {
      const names = view.columns.map(column => column.name)
      rows = await view.source.rows(names, view.start, view.start + PAGE_ROWS)
      if (mine !== turn) return
    }
    draw(rows, total)
    writeQuestion()
  } catch (error) {
    if (mine === turn) explain(error)
  }
}

function draw(rows, total) {
  const last = view.start + rows.length
  const sentences = []
  if (total === 0) sentences.push(say(isAsked() ? 'no_rows' : 'empty_table'))
  else if (total !== null) sentences.push(say(isAsked() ? 'rows_filtered' : 'rows', { first: view.start + 1, last, total }))
  sentences.push(say('moved', { size: sizeText(view.moved.bytes) }))
  if (view.moved.wholeFiles) {
    const size = view.table.files.reduce((sum, [, bytes]) => sum + bytes, 0)
    sentences.push(say('whole_file', { size: sizeText(size) }))
  }
  if (view.table.rows > MAX_ROWS) sentences.push(say('limit', { rows: MAX_ROWS }))
  status.textContent = sentences.join(' · ')
  status.dataset.bytes = String(view.moved.bytes)
  status.dataset.table = view.table.name
  drawBar(bar, {
    say, asked: isAsked(), rows: total ?? 0,
    previous: view.start > 0 ? () => turnPage(-PAGE_ROWS) : null,
    next: total !== null && last < total ? () => turnPage(PAGE_ROWS) : null,
    clear: () => { view.filters = {}; view.sort = ''; view.start = 0; show(true) },
    download,
  })
  drawColumns(columnsPlace, { say, table: view.table, columns: view.columns, toggle })
  drawTable(frame, { say, view, rows, sort: sortBy, filter: filterBy })
}

function turnPage(rows) {
  view.start = Math.max(view.start + rows, 0)
  show()
}

function sortBy(name) {
  view.sort = view.sort === name ? `-${name}` : name
  view.start = 0
  show(true)
}

function filterBy(name, text) {
  if ((view.filters[name] ?? '') === text) return
  view.filters[name] = text
  view.start = 0
  show(true)
}

function toggle(name, isShown) {
  const names = new Set(view.columns.map(column => column.name))
  if (isShown) names.add(name)
  else {
    names.delete(name)
    delete view.filters[name]
    if (view.sort.replace(/^-/, '') === name) view.sort = ''
  }
  view.columns = view.table.columns.filter(column => names.has(column.name))
  view.chosen = true
  show(true)
}

async function download() {
  try {
    const all = await allRows()
    if (!all) return
    const rows = isAsked() ? matching(all) : all
    const file = new Blob([asCsv(rows, view.columns)], { type: 'text/csv;charset=utf-8' })
    const link = element('a', { href: URL.createObjectURL(file), download: `${view.table.name}.csv` })
    document.body.append(link)
    link.click()
    link.remove()
    setTimeout(() => URL.revokeObjectURL(link.href), 10000)
  } catch (error) {
    explain(error)
  }
}

window.addEventListener('hashchange', open)
open()
