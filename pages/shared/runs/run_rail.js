// Draws the runs. Text goes in as textContent only; the server is told by a trigger which run was opened.
export default function ({ data, parentElement, setTriggerValue }) {
  const nav = parentElement.querySelector("nav")
  nav.className = "runs"
  nav.setAttribute("aria-label", "Runs")

  // The same runs again: change their words only, so that focus and scroll stay where they are.
  const ids = data.items.map((item) => item.id).join()
  if (nav.dataset.ids !== ids) {
    nav.replaceChildren(...data.items.map((item) => {
      const button = document.createElement("button")
      button.type = "button"
      button.dataset.id = item.id
      for (const name of ["state", "when", "what"]) {
        const part = document.createElement("span")
        part.className = name
        button.append(part)
      }
      return button
    }))
    nav.dataset.ids = ids
  }
  data.items.forEach((item, place) => {
    const button = nav.children[place]
    button.style.setProperty("--label", item.color)
    for (const part of button.children) {
      if (part.textContent !== item[part.className]) part.textContent = item[part.className]
    }
    if (item.id === data.current) button.setAttribute("aria-current", "true")
    else button.removeAttribute("aria-current")
  })
  nav.onclick = (event) => {
    const button = event.target.closest("button")
    if (button) setTriggerValue("open", button.dataset.id)
  }
}
