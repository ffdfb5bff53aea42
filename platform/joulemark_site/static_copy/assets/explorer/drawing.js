// Elements of the explorer. Text is put in as text alone, so no value of a table can be markup.

import { asText, isNumber } from './values.js'

const LONGEST_CELL = 200

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name)
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith('on')) made.addEventListener(key.slice(2), value)
    else if (typeof value === 'boolean') made.toggleAttribute(key, value)
    else made.setAttribute(key, value)
  }
  made.append(...children)
  return made
}

// Draw anew without taking the keyboard's focus from whoever has it.
function replaceKeepingFocus(place, ...children) {
  const { id, selectionStart } = place.contains(document.activeElement) ? document.activeElement : {}
  place.replaceChildren(...children)
  const again = id && document.getElementById(id)
  if (again) {
    again.focus()
    if (typeof selectionStart === 'number') again.setSelectionRange(selectionStart, selectionStart)
  }
}

export function drawBar(bar, { say, asked, rows, previous, next, clear, download }) {
  const button = (id, text, action) =>
    element('button', { type: 'button', class: 'button', id, disabled: !action, onclick: action ?? (() => {}) }, text)
  replaceKeepingFocus(bar,
    button('explorer-previous', say('previous'), previous),
    button('explorer-next', say('next'), next),
    button('explorer-download', say('download', { rows }), rows ? download : null),
    ...(asked ? [button('explorer-clear', say('clear'), clear)] : []))
}

export function drawColumns(place, { say, table, columns, toggle }) {
  const shown = new Set(columns.map(column => column.name))
  const items = table.columns.map(({ name, about }) => {
    const isFixed = table.always.includes(name)
    const box = element('input', {
      type: 'checkbox', id: `column-${name}`, checked: shown.has(name), disabled: isFixed,
      onchange: event => toggle(name, event.target.checked),
    })
    const label = element('label', { for: `column-${name}`, title: about }, name, isFixed ? ` (${say('always')})` : '')
    return element('li', {}, box, ' ', label)
  })
  const summary = element('summary', { id: 'explorer-columns' }, say('columns', { shown: shown.size, all: table.columns.length }))
  replaceKeepingFocus(place, summary, element('ul', {}, ...items))
}

export function drawTable(frame, { say, view, rows, sort, filter }) {
  const heads = view.columns.map(({ name, kind, unit, about }) => {
    const direction = { [name]: 'ascending', [`-${name}`]: 'descending' }[view.sort]
    const head = element('th', { scope: 'col', ...(isNumber(kind) ? { class: 'num' } : {}) },
      element('button', { type: 'button', id: `sort-${name}`, title: about, 'aria-label': say('sort', { column: name }),
        onclick: () => sort(name) }, name),
      element('span', { class: 'unit' }, unit && unit !== '1' ? unit : '\u00a0'),
      element('input', { type: 'text', id: `filter-${name}`, value: view.filters[name] ?? '', autocomplete: 'off',
        'aria-label': say('filter', { column: name }), 'aria-describedby': 'explorer-filters',
        onchange: event => filter(name, event.target.value) }))
    if (direction) head.setAttribute('aria-sort', direction)
    return head
  })
  const lines = rows.map(row => element('tr', {}, ...view.columns.map(({ name, kind }) => {
    const text = asText(row[name], kind)
    const short = text.length > LONGEST_CELL ? `${text.slice(0, LONGEST_CELL)}…` : text
    return element('td', { ...(isNumber(kind) ? { class: 'num' } : {}), ...(short === text ? {} : { title: text.slice(0, 2000) }) },
      short)
  })))
  frame.setAttribute('aria-label', say('table_label', { table: view.table.name }))
  replaceKeepingFocus(frame, element('table', {},
    element('thead', {}, element('tr', {}, ...heads)), element('tbody', {}, ...lines)))
}
