// Measures, inside the page, from a real key or pointer event to the moment every awaited pane shows something else.
//
// A pane is a part of a screen with a function that tells its state; all of them, those in shadow roots too, are looked
// at whenever anything in the page changes.
(() => {
  const PATIENCE_MS = 15000
  const numbers = new WeakMap()
  let made = 0

  const identity = (node) => {
    if (node && !numbers.has(node)) numbers.set(node, ++made)
    return node ? String(numbers.get(node)) : ""
  }
  const component = (key) => document.querySelector(`[class*="st-key-${key}"] [data-testid="stBidiComponentIsolated"]`)?.shadowRoot
  const buttons = (key) => [...(component(key)?.querySelectorAll("button") ?? [])]
  const main = (test) => document.querySelector(`[data-testid="stMain"] [data-testid="${test}"]`)?.textContent ?? ""

  const panes = {
    document: () => identity(component("document")?.querySelector(".text")?.firstChild),
    rail: () => buttons("rail").map((button) => button.dataset.id + (button.ariaCurrent ?? "")).join(),
    card: () => document.querySelector('[data-testid="stMain"] .probe')?.textContent ?? "",
    standing: () => document.querySelector('.st-key-heading [data-testid="stText"]')?.textContent ?? "",
    heading: () => main("stHeading"),
    bars: () => [...document.querySelectorAll('[class*="st-key-histogram"] .point path')].map((bar) => bar.getAttribute("d")).join(),
    picked: () => document.querySelector(".picked")?.textContent ?? "",
  }

  let watched = null

  const stale = (name) => {
    const state = panes[name]()
    return !state || state === watched.before[name]
  }

  const look = () => {
    if (!watched?.started) return
    const now = performance.now()
    if (watched.panes.some(stale)) return
    const done = watched
    watched = null
    done.resolve(now - done.started)
  }
  const observer = new MutationObserver(look)
  const observe = (root) => observer.observe(root, { subtree: true, childList: true, attributes: true, characterData: true })
  observe(document)
  // Listening before any script of the page does, so that none can keep an event from being seen here.
  for (const type of ["keydown", "click", "pointerup"]) {
    const start = (event) => type === watched?.type && (watched.started ||= event.timeStamp)
    window.addEventListener(type, start, { capture: true })
  }
  const attachShadow = Element.prototype.attachShadow
  Element.prototype.attachShadow = function (options) {
    const root = attachShadow.call(this, options)
    observe(root) // a change inside it is none of the document's
    return root
  }

  // Resolves to milliseconds once every pane of `names` differs from now, counted from the next `type` event.
  const change = (type, names) => {
    const before = Object.fromEntries(names.map((name) => [name, panes[name]()]))
    const promise = new Promise((resolve, reject) => {
      watched = { type, panes: names, before, resolve, started: 0 }
      setTimeout(() => reject(new Error(`after ${type} no change in ${watched?.panes.filter(stale)}`)), PATIENCE_MS)
    })
    return promise
  }

  // Resolves to milliseconds since the page was asked for once every pane of `names` shows something.
  const appear = (names) =>
    new Promise((resolve, reject) => {
      watched = { panes: names, before: {}, resolve, started: Number.MIN_VALUE }
      setTimeout(() => reject(new Error(`nothing in ${watched?.panes.filter(stale)}`)), 4 * PATIENCE_MS)
      look()
    })

  window.painted = { change, appear }
})()
