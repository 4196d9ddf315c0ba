// Draws one document and owns the keys of its screen (pages/shared/document.py).
//
// The text comes as segments and reaches the page through textContent only: nothing in it is ever parsed as HTML. Marks
// are empty spans in the text; the lines, rails and labels that belong to them are drawn beside and beneath it, so that
// the text of the element `.text` is the document, character for character.

const RETRY_MS = 3000; // an outbox that stays unacknowledged is sent again; a run takes some 50 ms
const NOTE_MS = 2000;
const SPLIT_AT = 1 / 3; // of the box's height, from its top
const PAGE = 0.85; // of the box's height, for Space and PageDown

const NOT_TEXT = new Set(["checkbox", "radio", "range", "button", "submit", "reset", "color", "file", "image"]);
const TEXT_ROLES = new Set(["textbox", "searchbox", "combobox", "listbox", "spinbutton"]);
const ARROW_ROLES = new Set(["radio", "radiogroup", "slider", "tab", "tablist", "menu", "menuitem", "grid", "gridcell"]);
const STREAMLIT_KEYS = new Set(["r", "c"]); // rerun and clear the cache: on a reading screen only ever pressed by mistake
const KEY_CAPS = { ArrowRight: "→", ArrowLeft: "←", " ": "Space", PageDown: "PgDn", PageUp: "PgUp", Escape: "Esc" };

// Numbers go on when Streamlit mounts the component anew; a reloaded page is another client.
const client = crypto.randomUUID?.() ?? String(Math.random());
let lastNumber = 0;
let sends = 0;

const views = new WeakMap();

export default function (component) {
  const root = component.parentElement;
  if (!views.has(root)) views.set(root, new View(root));
  const view = views.get(root);
  view.update(component.data, component.setStateValue);
  return () => {
    view.close();
    views.delete(root);
  };
}

class View {
  constructor(root) {
    for (const name of ["box", "sheet", "ground", "lines", "gutter", "text", "legend", "note", "keys", "list-keys"]) {
      this[name] = root.querySelector("." + name);
    }
    this.segments = [];
    this.outbox = [];
    this.painted = true;
    this.onKey = (event) => this.pressed(event);
    window.addEventListener("keydown", this.onKey, true); // before Streamlit's own listeners on the document
    this.resized = new ResizeObserver(() => this.arrange());
    this.resized.observe(this.box);
    this.resized.observe(this.text);
    this["list-keys"].onclick = () => this.listKeys();
    this.legend.onclick = (event) => this.goTo(event.target.closest("button")?.parentElement.dataset.part);
  }

  close() {
    window.removeEventListener("keydown", this.onKey, true);
    this.resized.disconnect();
    clearTimeout(this.retry);
    clearTimeout(this.noteEnds);
  }

  update(data, setStateValue) {
    this.setStateValue = setStateValue;
    this.searchField = data.search_field;
    this.box.style.height = `${data.height}px`;
    this.takeKeys(data.keys);
    if (data.received.client === client) {
      this.outbox = this.outbox.filter((action) => action.number > data.received.number);
    }
    const moved = this.probe !== data.probe;
    this.probe = data.probe;
    if (moved || !same(this.segments, data.segments)) this.draw(data.segments);
    if (moved) this.toSplit = true;
    this.arrange();
    this.painted = false;
    requestAnimationFrame(() => (this.painted = true));
  }

  // ---- the text ------------------------------------------------------------------------------------------------

  draw(segments) {
    this.segments = segments;
    const parts = new Set();
    const pieces = segments.map(([text, classes, label]) => {
      const piece = document.createElement("span");
      piece.className = classes;
      piece.textContent = text;
      if (label) piece.dataset.label = label;
      classes.split(" ").forEach((name) => parts.add(name));
      return piece;
    });
    this.text.replaceChildren(...pieces);
    this.marks = pieces.filter((piece) => piece.firstChild === null);
    for (const item of this.legend.children) item.hidden = !parts.has(item.dataset.part);
  }

  // Everything beside the text follows from where the marks stand, so it is placed anew when the width changes.
  arrange() {
    if (!this.box.clientHeight || !this.marks) return;
    const places = this.marks.map((mark) => this.place(mark));
    const split = places.find((place) => place.kind === "split");
    this.placeGround(split);
    this.lines.replaceChildren(...places.map((place) => line(place, this.text)));
    this.gutter.replaceChildren(...this.rails(places, split), ...tags(places));
    settle(this.gutter.querySelectorAll(".tag"));
    if (this.toSplit) {
      this.toSplit = false;
      this.box.scrollTop = split ? split.top - this.box.clientHeight * SPLIT_AT : 0;
    }
  }

  // Where a mark stands: before the character that follows it, or after the last one. `edge` is where the text's left
  // edge changes sides: below the line that holds the mark, or above it where the mark begins the line.
  place(mark) {
    const sheet = this.text.getBoundingClientRect();
    const { rect, rtl } = following(mark);
    const height = parseFloat(getComputedStyle(this.text).lineHeight);
    const top = (rect.top + rect.bottom - height) / 2 - sheet.top;
    const x = (rtl ? rect.right : rect.left) - sheet.left;
    const first = parseFloat(getComputedStyle(this.text).paddingLeft);
    const bottom = top + height;
    return { kind: mark.className, label: mark.dataset.label, x, top, bottom, rtl, edge: x > first + 1 ? bottom : top };
  }

  placeGround(split) {
    const hides = this.text.querySelector(".hidden");
    this.ground.hidden = !split || !hides;
    if (this.ground.hidden) return;
    const [width, height] = [this.text.offsetWidth, this.text.offsetHeight];
    this.hidesAfter = Boolean(split && hides.previousSibling); // a hidden side that does not begin the text ends it
    const { x, top, bottom, rtl } = split;
    const [near, far] = rtl ? [width, 0] : [0, width];
    const corners = this.hidesAfter
      ? [[x, top], [far, top], [far, height], [near, height], [near, bottom], [x, bottom]]
      : [[near, 0], [far, 0], [far, top], [x, top], [x, bottom], [near, bottom]];
    this.ground.style.clipPath = `polygon(${corners.map(([cx, cy]) => `${cx}px ${cy}px`).join(", ")})`;
  }

  rails(places, split) {
    const height = this.text.offsetHeight;
    const edges = places.filter((place) => ["split", "window_start", "window_end"].includes(place.kind));
    const tops = [0, ...edges.map((place) => place.edge)];
    return tops.map((top, index) => {
      const end = tops[index + 1] ?? height;
      const kind = this.railKind(edges, index, split);
      const rail = element("div", `rail ${kind}`);
      rail.style.top = `${top}px`;
      rail.style.height = `${Math.max(0, end - top)}px`;
      rail.append(element("span", "side", kind === "outside" ? "visible, not read" : kind));
      return rail;
    });
  }

  railKind(edges, index, split) {
    const before = edges[index - 1]?.kind;
    const after = edges[index]?.kind;
    const afterSplit = split && index > edges.indexOf(split);
    if (split && !this.ground.hidden && Boolean(afterSplit) === this.hidesAfter) return "hidden";
    return after === "window_start" || before === "window_end" ? "outside" : "visible";
  }

  goTo(part) {
    const piece = part && this.text.querySelector("." + part);
    if (!piece) return;
    const top = following(piece).rect.top - this.text.getBoundingClientRect().top;
    this.box.scrollTo({ top: top - this.box.clientHeight * SPLIT_AT });
  }

  // ---- the keys ------------------------------------------------------------------------------------------------

  takeKeys(keys) {
    this.byName = new Map(keys.flatMap((key) => key.names.map((name) => [name, key])));
    const rows = keys.map((key) => {
      const row = element("tr");
      const caps = element("td");
      caps.append(...key.names.map((name) => element("kbd", "", KEY_CAPS[name] ?? name.toUpperCase())));
      row.append(caps, element("td", "", key.meaning));
      return row;
    });
    this.keys.firstElementChild.replaceChildren(...rows);
  }

  pressed(event) {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.getModifierState("AltGraph")) return;
    if (document.querySelector('[role="dialog"][aria-modal="true"], [role="alertdialog"], dialog[open]')) return;
    const path = event.composedPath().filter((node) => node instanceof Element);
    if (path.some(takesText)) {
      if (event.key === "Escape") leaveField(path[0]);
      return;
    }
    const letter = event.key.length === 1 && event.key.toLowerCase() !== event.key.toUpperCase();
    if (letter && event.shiftKey && !event.getModifierState("CapsLock")) return;
    const name = letter ? event.key.toLowerCase() : event.key;
    const key = this.byName.get(name);
    if (key && this.takes(key, name, path)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (!event.repeat || (key.repeats && this.ready())) this.act(key, name);
    } else if (STREAMLIT_KEYS.has(name)) {
      event.stopImmediatePropagation();
    }
  }

  // A focused radio, slider or table keeps its arrows, a focused button its space bar, an open list its Escape.
  takes(key, name, path) {
    if (name.startsWith("Arrow")) return !path.some((node) => node.tagName === "INPUT" || node.tagName === "CANVAS" || ARROW_ROLES.has(node.role));
    if (key.action === "scroll") return path[0] === document.body || path[0] === document.documentElement;
    if (key.action === "leave") return !this.keys.hidden;
    return true;
  }

  ready() {
    return this.painted && this.outbox.length === 0;
  }

  act(key, name) {
    const own = {
      search: () => document.querySelector(`input[aria-label="${CSS.escape(this.searchField)}"]`)?.focus(),
      copy_link: () => this.copyLink(),
      list_keys: () => this.listKeys(),
      leave: () => this.listKeys(),
      scroll: () => this.box.scrollBy({ top: (name === "PageUp" ? -PAGE : PAGE) * this.box.clientHeight }),
    }[key.action];
    if (own) return own();
    this.outbox.push({ number: ++lastNumber, name: key.action, probe: this.probe });
    this.send();
  }

  // The whole outbox goes each time, under a new number: Streamlit drops a value equal to the last one.
  send() {
    clearTimeout(this.retry);
    this.setStateValue("outbox", { client, send: ++sends, actions: this.outbox });
    this.retry = setTimeout(() => this.outbox.length && this.send(), RETRY_MS);
  }

  listKeys() {
    this.keys.hidden = !this.keys.hidden;
    this["list-keys"].setAttribute("aria-expanded", String(!this.keys.hidden));
  }

  async copyLink() {
    const copied = await copy(location.href);
    this.note.textContent = copied ? "Link copied" : "The browser does not allow copying; the address bar has the link";
    clearTimeout(this.noteEnds);
    this.noteEnds = setTimeout(() => (this.note.textContent = ""), NOTE_MS);
  }
}

// ---- helpers -----------------------------------------------------------------------------------------------------

function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function same(some, others) {
  return some.length === others.length && some.every((row, index) => row.every((cell, at) => cell === others[index][at]));
}

// The box of the first character after a mark, and whether it is written from right to left.
function following(mark) {
  let next = mark;
  while (next && !next.firstChild) next = next.nextSibling;
  if (!next) return { rect: mark.getBoundingClientRect(), rtl: false };
  const range = document.createRange();
  const size = String.fromCodePoint(next.textContent.codePointAt(0)).length;
  range.setStart(next.firstChild, 0);
  range.setEnd(next.firstChild, size);
  const rect = range.getClientRects()[0] ?? next.getBoundingClientRect();
  return { rect, rtl: /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}]/u.test(range.toString()) };
}

// The split is a step: below the line before it, up at its character, above the rest. Other marks are a short upright.
function line(place, text) {
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  const { kind, x, top, bottom, rtl } = place;
  const [near, far] = rtl ? [text.offsetWidth, 0] : [0, text.offsetWidth];
  path.setAttribute("class", kind);
  path.setAttribute("d", kind === "split" ? `M${near},${bottom}H${x}V${top}H${far}` : `M${x},${top + 2}V${bottom - 2}`);
  return path;
}

function tags(places) {
  return places.map((place) => {
    const tag = element("div", `tag ${place.kind}`, place.label);
    tag.style.top = `${place.top}px`;
    return tag;
  });
}

// Labels of marks on one line, or on neighbouring ones, would cover each other: each moves below the one before.
function settle(labels) {
  let free = -Infinity;
  for (const label of [...labels].sort((one, other) => one.offsetTop - other.offsetTop)) {
    const top = Math.max(label.offsetTop, free);
    label.style.top = `${top}px`;
    free = top + label.offsetHeight;
  }
}

function takesText(node) {
  if (node.tagName === "INPUT") return !NOT_TEXT.has(node.type);
  return node.tagName === "TEXTAREA" || node.tagName === "SELECT" || node.isContentEditable || TEXT_ROLES.has(node.role);
}

// Escape in a field gives the keys back to the screen; in an open list it closes the list first.
function leaveField(field) {
  if (field.getAttribute("aria-expanded") !== "true") setTimeout(() => field.blur());
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const field = element("textarea", "", text);
    document.body.append(field);
    field.select();
    const copied = document.execCommand("copy");
    field.remove();
    return copied;
  }
}
