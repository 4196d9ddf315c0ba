// Draws the rail. Text goes in as textContent only; the server is told by a trigger which probe was opened.

// Only the browser knows a step Back from an address that is late: the server is told of the first alone. Where runs
// interrupt each other Streamlit takes the list away and draws it anew within 100 ms; a step meanwhile is told by the
// new list.
const addressed = () => new URLSearchParams(location.search).get("probe") || ""
let tell = null // of the list that stands
let untold = false
window.addEventListener("popstate", () => (tell ? tell() : (untold = true)))

export default function ({ data, parentElement, setTriggerValue }) {
  const nav = parentElement.querySelector("nav")
  nav.className = data.shape
  nav.setAttribute("aria-label", data.shape === "rows" ? "Probes" : "Probes of this document")

  const part = (parent, name, text) => {
    const element = document.createElement("span")
    element.className = name
    element.textContent = text
    parent.append(element)
    return element
  }

  const draw = (item) => {
    const button = document.createElement("button")
    button.type = "button"
    button.dataset.id = item.id
    button.style.setProperty("--label", item.color)
    if (data.shape === "rows") {
      part(button, "score", item.score)
      part(button, "what", [item.scope, item.target].filter(Boolean).join(" · "))
      part(button, "human", "")
      part(button, item.question ? "question" : "question missing", item.question || "no question")
    } else {
      part(button, "slot", item.slot || "–")
      part(button, "what", item.scope + (item.level ? ` L${item.level}` : ""))
      part(button, "score", item.score)
    }
    return button
  }

  // Scrolls the box that holds the list and nothing else: scrollIntoView would move the whole page where panes stack.
  const reveal = (button) => {
    let box = nav.getRootNode().host
    while (box && !/auto|scroll/.test(getComputedStyle(box).overflowY)) box = box.parentElement
    if (!box || box.matches(".stMain")) return
    const [inner, outer] = [button.getBoundingClientRect(), box.getBoundingClientRect()]
    if (inner.top < outer.top) box.scrollTop -= outer.top - inner.top
    if (inner.bottom > outer.bottom) box.scrollTop += inner.bottom - outer.bottom
  }

  // The same probes again: move the mark only, so that focus and scroll stay where they are.
  const ids = data.items.map((item) => item.id).join()
  if (nav.dataset.ids !== ids) {
    nav.replaceChildren(...data.items.map(draw))
    nav.dataset.ids = ids
  }
  data.items.forEach((item, at) => {
    const [button, human] = [nav.children[at], item.human ? `human ${item.human}` : ""]
    button.title = [item.label, item.scope, item.target, human].filter(Boolean).join(" · ")
    const mark = button.querySelector(".human")
    if (!mark) return
    mark.textContent = item.human
    mark.style.setProperty("--human", item.humanColor)
  })
  for (const button of nav.children) {
    const here = button.dataset.id === data.current
    if (here === (button.getAttribute("aria-current") === "true")) continue
    here ? button.setAttribute("aria-current", "true") : button.removeAttribute("aria-current")
    if (here && data.shape === "rows") reveal(button)
  }
  const told = () => setTriggerValue("address", { probe: addressed() })
  if (data.shape === "rows") {
    tell = told
    if (untold && addressed() !== data.current) told()
    untold = false
  }
  nav.onclick = (event) => {
    const button = event.target.closest("button")
    if (button) setTriggerValue("open", button.dataset.id)
  }
  return () => {
    if (tell === told) tell = null // a newer drawing may stand by now
  }
}
