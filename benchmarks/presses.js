// Measures, inside the page, from a real key to the moment the next probe is painted, and to the moment the screen says
// under which number the press is stored. Painted is after the frame in which the page has changed, not the change.
(() => {
  const PATIENCE_MS = 15000
  const roots = []
  let watched = null

  const find = (selector) => roots.map((root) => root.querySelector(selector)).find(Boolean)
  const states = {
    painted: () => find(".review")?.dataset.probe ?? "",
    opened: () => (find(".review")?.dataset.stage === "open" ? find(".review").dataset.probe : ""),
    stored: () => /^saved #\d+$/.exec(find(".stored")?.textContent ?? "")?.[0] ?? "",
  }

  const afterFrame = (call) =>
    requestAnimationFrame(() => {
      const channel = new MessageChannel()
      channel.port1.onmessage = call
      channel.port2.postMessage(null)
    })
  const look = () => {
    if (!watched?.started) return
    const mine = watched
    for (const name of mine.names) {
      const state = states[name]()
      if (name in mine.took || !state || state === mine.before[name]) continue
      mine.took[name] = null
      afterFrame(() => {
        mine.took[name] = performance.now() - mine.started
        if (mine.names.every((other) => mine.took[other])) mine.resolve(mine.took)
      })
    }
  }
  const observer = new MutationObserver(look)
  const attachShadow = Element.prototype.attachShadow
  Element.prototype.attachShadow = function (options) {
    const root = attachShadow.call(this, options)
    roots.push(root)
    observer.observe(root, { subtree: true, childList: true, attributes: true, characterData: true })
    return root
  }
  window.addEventListener("keydown", (event) => watched && (watched.started ||= event.timeStamp), { capture: true })

  // Resolves to milliseconds by name once every state of `names` differs from now, counted from the next key.
  window.press = (names) =>
    new Promise((resolve, reject) => {
      const before = Object.fromEntries(names.map((name) => [name, states[name]()]))
      watched = { names, before, took: {}, started: 0, resolve }
      setTimeout(() => reject(new Error(`no change in ${names}`)), PATIENCE_MS)
    })
})()
