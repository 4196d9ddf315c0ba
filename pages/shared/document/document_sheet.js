// Draws one document from its segments.
//
// The text reaches the page through textContent only: nothing in it is ever parsed as HTML. Marks are empty spans in the
// text; the lines, rails and labels that belong to them are drawn beneath and beside it, so that the text of the
// element `.text` is the document, character for character.

const SPLIT_AT = 1 / 3; // of the box's height, from its top
const SEALED_AT = 3 / 4; // where nothing but a sealed side follows the split: more room for what can be read
const RIGHT_TO_LEFT = /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}]/u;
const LETTER = /\p{Letter}/u;
const SIDE_NAMES = { visible: "visible", hidden: "hidden", outside: "visible, not read" };

class Sheet {
  constructor(root) {
    for (const name of ["box", "ground", "lines", "gutter", "text", "legend"]) this[name] = root.querySelector(`.${name}`);
    this.segments = [];
    this.marks = [];
    this.resized = new ResizeObserver(() => this.arrange());
    this.resized.observe(this.box);
    this.resized.observe(this.text);
    this.legend.onclick = (event) => this.goTo(event.target.closest("button")?.parentElement.dataset.part);
  }

  close() {
    this.resized.disconnect();
  }

  // `sealed` says on which side of the split, "before" or "after", there is a hidden side that is not in the page.
  show(probe, segments, sealed = "") {
    const other = probe !== this.probe || sealed !== this.sealed;
    if (!other && same(segments, this.segments)) return; // what changes the places of its marks is observed
    this.draw(segments);
    if (other) this.toSplit = true;
    this.probe = probe;
    this.sealed = sealed;
    this.text.dataset.sealed = sealed;
    this.arrange();
  }

  draw(segments) {
    this.segments = segments;
    const pieces = segments.map(([text, classes, label]) => {
      const piece = element("span", classes, text);
      if (label) piece.dataset.label = label;
      return piece;
    });
    // Not dir="auto": Chromium looks for the first letter again at every child (2.7 s for 5,000), nor `plaintext`, with
    // which one long paragraph takes seconds to lay out.
    const letter = segments.find(([text]) => LETTER.test(text))?.[0].match(LETTER)[0] ?? "";
    this.text.dir = RIGHT_TO_LEFT.test(letter) ? "rtl" : "ltr";
    this.text.replaceChildren(...pieces);
    this.marks = pieces.filter((piece) => !piece.firstChild);
    for (const item of this.legend.children) item.hidden = !this.text.querySelector(`.${item.dataset.part}`);
  }

  // Everything beside the text follows from where its marks stand, so it is placed anew when the width changes. Without
  // height the box is not on the screen yet; its ResizeObserver calls again when it is.
  arrange() {
    if (!this.box.clientHeight) return;
    const places = this.marks.map((mark) => this.place(mark));
    const split = places.find((place) => place.kind === "split");
    this.shade(split);
    this.lines.replaceChildren(...places.map((place) => line(place)));
    this.gutter.replaceChildren(...this.rails(places), ...places.map(tag));
    settle(this.gutter.querySelectorAll(".tag"));
    if (!this.toSplit) return;
    this.toSplit = false;
    const place = this.sealed === "after" ? SEALED_AT : SPLIT_AT;
    this.box.scrollTop = split ? split.top - this.box.clientHeight * place : 0;
  }

  // Where a mark stands: before the character that follows it. `near` and `far` are the ends of a line, in the direction
  // of the text; `edge` is where the near end changes sides: under the line, or above it where the mark begins the line.
  place(mark) {
    const { rect, rtl } = following(mark);
    const { direction, lineHeight, paddingLeft } = getComputedStyle(this.text);
    const sheet = this.text.getBoundingClientRect();
    const [near, far] = direction === "rtl" ? [sheet.width, 0] : [0, sheet.width];
    const height = parseFloat(lineHeight);
    const top = (rect.top + rect.bottom - height) / 2 - sheet.top;
    const x = (rtl ? rect.right : rect.left) - sheet.left;
    const begins = Math.abs(x - near) <= parseFloat(paddingLeft) + 1;
    const edge = begins ? top : top + height;
    return { kind: mark.className, label: mark.dataset.label, near, far, x, top, height, edge, begins };
  }

  // The ground of the hidden side has the outline of its text: it leaves out the visible part of the split's line.
  shade(split) {
    const first = this.text.querySelector(".hidden");
    this.ground.hidden = !split || !(first || this.sealed);
    if (this.ground.hidden) return;
    this.hidesAfter = this.sealed ? this.sealed === "after" : Boolean(first.compareDocumentPosition(this.text.querySelector(".split")) & 2);
    const { near, far, top, edge } = split;
    const x = split.begins ? near : split.x;
    const bottom = this.text.offsetHeight;
    const corners = this.hidesAfter
      ? [[x, top], [far, top], [far, bottom], [near, bottom], [near, edge], [x, edge]]
      : [[near, 0], [far, 0], [far, top], [x, top], [x, edge], [near, edge]];
    this.ground.style.clipPath = `polygon(${corners.map(([left, down]) => `${left}px ${down}px`).join(", ")})`;
  }

  rails(places) {
    const edges = places.filter((place) => ["split", "window_start", "window_end"].includes(place.kind));
    return [...edges, null].map((next, index) => {
      const from = edges[index - 1];
      const top = from?.edge ?? 0;
      const kind = this.side(edges, index);
      const rail = element("div", `rail ${kind}`);
      rail.style.top = `${top}px`;
      rail.style.height = `${Math.max(0, (next?.edge ?? this.text.offsetHeight) - top)}px`;
      rail.append(element("span", "side", SIDE_NAMES[kind]));
      return rail;
    });
  }

  // Which side lies between edge `index - 1` and edge `index`.
  side(edges, index) {
    const afterSplit = edges.findIndex((place) => place.kind === "split") < index;
    if (!this.ground.hidden && afterSplit === this.hidesAfter) return "hidden";
    return edges[index]?.kind === "window_start" || edges[index - 1]?.kind === "window_end" ? "outside" : "visible";
  }

  goTo(part) {
    const piece = part && this.text.querySelector(`.${part}`);
    if (!piece) return;
    const top = following(piece).rect.top - this.text.getBoundingClientRect().top;
    this.box.scrollTo({ top: top - this.box.clientHeight * SPLIT_AT });
  }
}

function element(tag, className = "", text = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

function same(some, others) {
  return some.length === others.length && some.every((row, at) => row.every((cell, column) => cell === others[at][column]));
}

// The box of the first character from a piece on, or of the text's end, and whether it is written from right to left.
function following(piece) {
  let next = piece;
  while (next && !next.firstChild) next = next.nextSibling;
  if (!next || next.matches(".undrawn")) return { rect: piece.getBoundingClientRect(), rtl: false };
  const range = document.createRange();
  range.setStart(next.firstChild, 0);
  range.setEnd(next.firstChild, String.fromCodePoint(next.textContent.codePointAt(0)).length);
  return { rect: range.getClientRects()[0] ?? next.getBoundingClientRect(), rtl: RIGHT_TO_LEFT.test(range.toString()) };
}

// The split is a step: under the text before it, up at its character, above the text after it. The reader window's ends
// are square brackets, other marks uprights.
function line({ kind, near, far, x, top, height, edge, begins }) {
  const upright = `v${height - 4}`;
  const shapes = {
    split: begins ? `M${near},${top}H${far}` : `M${near},${edge}H${x}V${top}H${far}`,
    window_start: `M${x + 5},${top + 2}h-5${upright}h5`,
    window_end: `M${x - 5},${top + 2}h5${upright}h-5`,
  };
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("class", kind);
  path.setAttribute("d", shapes[kind] ?? `M${x},${top + 2}${upright}`);
  return path;
}

function tag({ kind, label, top, height }) {
  const made = element("div", `tag ${kind}`, label);
  made.style.top = `${top}px`;
  made.style.setProperty("--line", `${height}px`);
  return made;
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
