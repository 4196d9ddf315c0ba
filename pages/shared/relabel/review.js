// The review component: which probe is on the screen, what a press does, and how it looks. Follows document_sheet.js,
// key_guards.js, review_outbox.js and review_hidden.js in one module.
//
// A probe is sealed (question and visible side), opening (its blind verdict is on the way), or open. What the annotator
// thinks of it is what the server last said, and on top of it every press that is not stored yet.

const BOUNCE_MS = 40; // a key that comes again this soon is a bouncing switch, not a person
const PULSE_MS = 160;
const SAID_MS = 4000;
const MOST_CARDS = 150;
const SCROLL = 0.85; // of the box's height
const VERDICTS = ["HARD", "EASY", "UNSURE"];
const REPEATED = new Set(["undo", "next", "previous"]); // buttons that are meant to be clicked fast
const NOTHING = { verdict: null, blind_verdict: null, answer: "", reasons: [], note: "", flagged: false, skipped: false, seen: false, revision: 0 };
const KEY_WORDS = { Enter: "⏎", ArrowRight: "→", ArrowLeft: "←", ArrowUp: "↑", ArrowDown: "↓" };

class Review {
  constructor(root) {
    this.root = root;
    this.sheet = new Sheet(root);
    for (const name of ["review", "frame", "box", "note", "keys", "list-keys", "judged", "nothing", "what", "question", "answer", "note-text", "noted", "advice", "reasons", "revealed", "stored", "seen-note"])
      this[name] = root.querySelector(`.${name}`);
    this.cards = new Map();
    this.opinions = new Map();
    this.line = [];
    this.lastPress = { key: "", at: -Infinity };
    this.onKey = (event) => this.pressed(event);
    window.addEventListener("keydown", this.onKey, true); // before Streamlit's own listeners, which are on the document
    this["list-keys"].onclick = () => this.listKeys();
    this["list-keys"].firstChild.textContent = "Guide and keys ";
    this.keys.prepend(root.querySelector(".guide"));
    this.judged.onmousedown = (event) => event.target.closest("button") && event.preventDefault(); // keeps the focus, and Enter, on the page
    this.judged.onclick = (event) => {
      const action = event.target.closest("button")?.dataset.action;
      if (action && (event.detail < 2 || REPEATED.has(action))) this.act(action); // the second click of a double one is none
    };
    this.fields = { answer: this.answer, note: this["note-text"] };
    for (const field of Object.values(this.fields)) {
      field.given = "";
      field.onchange = () => (this.keepTyped(), this.paint());
    }
    this.onLeave = () => this.keepTyped();
    window.addEventListener("pagehide", this.onLeave);
  }

  close() {
    this.outbox.deliver = () => {}; // the component is gone; the next one delivers
    this.keepTyped();
    window.removeEventListener("pagehide", this.onLeave);
    window.removeEventListener("keydown", this.onKey, true);
    clearTimeout(this.saidEnds);
    this.outbox.close();
    this.sheet.close();
  }

  // ---- what the server says ----

  update(data, deliver) {
    if (data.queue.id !== this.queue?.id) this.begin(data);
    this.outbox.deliver = deliver;
    this.failure = data.failure;
    this.keep(data);
    for (const [probe, opinion] of Object.entries(data.opinions)) this.opinions.set(probe, opinion);
    this.line = data.line;
    this.setKeys(data);
    for (const ack of this.outbox.settle(data.acks)) this.settled(ack, data.back);
    if (!this.here || (!this.cards.has(this.here) && !this.place(this.here))) this.goOn(this.at);
    this.paint();
    if (!this.told || data.more || (this.here && !this.cards.has(this.here))) this.ask(data);
    this.told = true;
  }

  // Cards of the line stay, and the last ones seen, so that going back costs nothing.
  keep({ cards, line }) {
    const near = new Set(line.map(([probe]) => probe));
    for (const probe of [...this.cards.keys()].slice(0, -MOST_CARDS)) if (!near.has(probe)) this.cards.delete(probe);
    for (const card of cards) this.cards.set(card.probe, card);
  }

  begin({ queue }) {
    this.queue = queue;
    this.outbox?.close();
    this.outbox = new Outbox(queue.space, () => this.paintStored());
    this.outbox.place = () => ({ here: this.here ?? "", at: this.at, have: [...this.cards.values()].map((card) => card.stamp) });
    this.keys.dataset.reading = queue.blind ? "blind" : "open";
    this.memory = `probescope here ${queue.id}`;
    this.here = null;
    this.at = 0;
    this.saved = null;
    try {
      ({ here: this.here, at: this.at, saved: this.saved = null } = JSON.parse(sessionStorage.getItem(this.memory)) ?? this);
    } catch {
      // a browser without storage begins where the queue goes on
    }
    this.arrive();
  }

  // For the component that comes after this one: a reload, or a connection that is made anew, mounts another.
  remember() {
    try {
      sessionStorage.setItem(this.memory, JSON.stringify({ here: this.here, at: this.at, saved: this.saved }));
    } catch {
      // then that begins where the queue goes on
    }
  }

  // The screen of a probe is drawn: its verdict is the event made here.
  arrive() {
    this.screen = newId();
    this.since = performance.now();
  }

  settled(ack, back) {
    if (ack.refused) this.say(ack.refused);
    else this.saved = Math.max(this.saved ?? 0, ack.seq);
    this.remember();
    if (!ack.refused && back?.event_id === ack.event) {
      this.say(back.adjudicated ? "Undone: your adjudication of this probe" : "Undone");
      this.go(back.probe_id);
    }
  }

  // The first send tells the server where the reader is; later ones ask for cards that are not here yet.
  ask({ more }) {
    clearTimeout(this.asking);
    const soon = more || !this.told || this.outbox.entries.length ? 0 : 300;
    this.asking = setTimeout(() => this.outbox.send(), this.failure ? SEND_AGAIN_MS : soon);
  }

  // ---- where the reader is ----

  card() {
    return this.cards.get(this.here);
  }

  place(probe) {
    return this.line.find(([other]) => other === probe)?.[1] ?? this.cards.get(probe)?.position;
  }

  opinion(probe) {
    return this.outbox.of(probe).reduce(applied, this.opinions.get(probe) ?? NOTHING);
  }

  isDone(probe) {
    const { verdict, skipped } = this.opinion(probe);
    const unknown = !this.opinions.has(probe); // its card is not here yet
    return verdict !== null || skipped || (unknown && this.line.some(([other, , done]) => done && other === probe));
  }

  stage() {
    const card = this.card();
    if (!card) return "missing";
    return card.sealed === "" ? "open" : this.opinion(this.here).seen ? "opening" : "sealed";
  }

  go(probe) {
    this.keepTyped();
    this.here = probe;
    this.at = (probe && this.place(probe)) || this.at;
    this.arrive();
    this.remember();
  }

  // To the next probe that is not judged: further on in the queue, then those passed over.
  goOn(from) {
    const open = this.line.filter(([probe]) => !this.isDone(probe));
    this.go((open.find(([, position]) => position > from) ?? open[0])?.[0] ?? null);
  }

  step(by) {
    const known = this.line.filter(([, position]) => (by > 0 ? position > this.at : position < this.at));
    const next = by > 0 ? known[0] : known.at(-1);
    if (!next) return this.say(by > 0 ? "This is the last probe of the queue." : "No earlier probe is at hand.");
    if (this.stage() === "open" && !this.queue.blind && !this.opinion(this.here).seen) this.press("reveal");
    this.go(next[0]);
    this.outbox.send();
  }

  // ---- presses ----

  pressed(event) {
    if (event.isComposing || event.keyCode === 229 || event.altKey || event.getModifierState("AltGraph")) return;
    const path = event.composedPath().filter((node) => node instanceof Element);
    const overlay = document.querySelector(OVERLAYS);
    if (path.some(takesText)) {
      const leaves = event.key === "Escape" || (event.key === "Enter" && (event.ctrlKey || event.metaKey));
      if (leaves && !overlay) leaveField(event, path[0]);
      return;
    }
    if (overlay) return;
    const name = keyName(event);
    const action = this.byKey.get(name);
    if (name === "Escape" && !this.keys.hidden) return this.listKeys();
    if (name === "Enter" && path[0]?.tagName === "BUTTON") return; // a focused button owns it
    if (name.startsWith("Arrow") && path.some((node) => node.tagName === "INPUT" || node.tagName === "CANVAS" || ARROW_ROLES.has(node.role))) return;
    if (path[0] === document.body && [" ", "PageDown", "PageUp"].includes(name)) {
      this.box.scrollBy({ top: (name === "PageUp" ? -SCROLL : SCROLL) * this.box.clientHeight });
      event.preventDefault();
    } else if (action) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (!event.repeat || action === "next" || action === "previous") this.key(action, name, event.timeStamp);
    } else if (STREAMLIT_KEYS.has(name)) {
      event.stopImmediatePropagation();
    }
  }

  key(action, name, at) {
    const bounced = name === this.lastPress.key && at - this.lastPress.at < BOUNCE_MS;
    this.lastPress = { key: name, at };
    if (bounced) return;
    this.pulse(action);
    this.act(action);
  }

  act(action) {
    this.keepTyped();
    const card = this.card();
    const opinion = this.opinion(this.here);
    const acts = {
      confirm: () => this.confirm(opinion),
      reveal: () => (this.stage() === "sealed" ? this.press("reveal") : null),
      skip: () => this.skip(opinion),
      flag: () => this.press("flag", !opinion.flagged),
      note: () => this.openNote(),
      answer: () => this.answer.focus(),
    };
    const always = {
      undo: () => this.reverse("undo"),
      redo: () => this.reverse("redo"),
      next: () => this.step(1),
      previous: () => this.step(-1),
      list_keys: () => this.listKeys(),
    };
    if (always[action]) always[action]();
    else if (!card) this.say("The next probe is not here yet.");
    else if (this.outbox.undoing) this.say("One moment: the undo is under way.");
    else if (VERDICTS.includes(action)) this.judge(action);
    else if (acts[action]) acts[action]();
    else this.tag(action, opinion);
    this.paint();
  }

  judge(verdict) {
    const stage = this.stage();
    if (stage === "sealed") this.press("blind", verdict);
    if (stage === "open") {
      this.press("final", verdict);
      this.goOn(this.at);
    }
  }

  confirm(opinion) {
    const verdict = opinion.blind_verdict ?? opinion.verdict;
    if (this.stage() === "open" && verdict) this.judge(verdict);
    else if (this.stage() !== "opening") this.say("First a verdict.");
  }

  skip(opinion) {
    if (this.stage() === "open" && !this.queue.blind && !opinion.seen) this.press("reveal");
    this.press("skip", true);
    this.goOn(this.at);
  }

  tag(tag, { reasons }) {
    this.press("reasons", reasons.includes(tag) ? reasons.filter((other) => other !== tag) : [...reasons, tag]);
  }

  reverse(kind) {
    this.outbox.add({ event: newId(), kind });
  }

  openNote() {
    this.noted.hidden = false;
    this["note-text"].focus();
  }

  // What was typed is kept before anything else happens to its probe: a click leaves the focus in the field. While an
  // undo is under way it stays in the field.
  keepTyped() {
    if (!this.card() || this.outbox.undoing) return;
    for (const [kind, field] of Object.entries(this.fields)) {
      if (field.dataset.probe !== this.here || field.value === field.given) continue;
      field.given = field.value;
      this.press(kind, field.value);
    }
  }

  // A verdict is the event that was made when its screen was drawn; what else is pressed on it are events of their own.
  press(kind, value = null) {
    const card = this.card();
    const verdict = kind === "blind" || kind === "final";
    this.outbox.add({
      event: verdict ? this.screen : newId(),
      kind,
      value,
      probe: card.probe,
      content: card.content,
      queue: this.queue.id,
      expected: this.opinion(card.probe).revision,
      dwell: Math.round(performance.now() - this.since),
      shown: { ...card.shown, stage: this.stage() },
    });
    if (verdict) this.screen = newId();
  }

  // ---- what is seen ----

  paint() {
    const card = this.card();
    this.frame.classList.toggle("away", !card);
    this.judged.hidden = !card;
    this.nothing.textContent = card ? "" : this.awaited();
    if (card) this.paintCard(card);
    this.paintStored();
  }

  awaited() {
    if (this.failure) return `The next probe cannot be read now. ${this.failure}`;
    return this.line.some(([probe]) => !this.isDone(probe)) ? "The next probe is on its way." : "You have judged everything that this queue has for you.";
  }

  paintCard(card) {
    const opinion = this.opinion(card.probe);
    const stage = this.stage();
    this.sheet.show(card.probe, card.segments, card.sealed);
    this.review.dataset.probe = card.probe;
    this.review.dataset.stage = stage;
    this.review.dataset.ahead = this.line.filter(([probe, position]) => position > this.at && this.cards.has(probe)).length;
    this.what.textContent = card.what;
    this.question.textContent = card.question || "no question";
    this["seen-note"].textContent = card.shown.opening_seen && stage !== "open" ? "You have had this document open before." : "";
    this.fill(this.answer, opinion.answer);
    this.fill(this["note-text"], opinion.note);
    this.noted.hidden = !opinion.note && !this.isFocused(this["note-text"]);
    this.advice.textContent = this.advised(stage, opinion);
    const chosen = opinion.verdict ?? opinion.blind_verdict;
    for (const button of this.judged.querySelectorAll("button")) {
      const { action } = button.dataset;
      const on = action === chosen || (action === "flag" && opinion.flagged) || (action === "skip" && opinion.skipped) || opinion.reasons.includes(action);
      button.setAttribute("aria-pressed", String(on));
      button.classList.toggle("first", stage === "open" && action === opinion.blind_verdict && action !== opinion.verdict);
    }
    this.judged.querySelector('[data-action="reveal"]').disabled = stage !== "sealed";
    this.judged.querySelector('[data-action="confirm"]').disabled = stage !== "open" || !chosen;
    if (this.drawn !== card) this.revealed.replaceChildren(...(card.hidden ? revealed(card.hidden) : []));
    this.drawn = card;
  }

  advised(stage, opinion) {
    if (stage === "sealed") return "Can a careful reader of the visible side answer it?";
    if (stage === "opening") return "Storing your verdict, then the hidden side opens.";
    if (opinion.verdict) return opinion.blind_verdict && opinion.blind_verdict !== opinion.verdict ? `Your verdict is ${opinion.verdict}, blind it was ${opinion.blind_verdict}.` : `Your verdict is ${opinion.verdict}.`;
    if (opinion.blind_verdict) return `Blind you said ${opinion.blind_verdict}. Keep it, or change it.`;
    return this.queue.blind ? "Seen before a verdict: this label will not be blind." : "";
  }

  fill(field, text) {
    const same = field.dataset.probe === this.here;
    if (same && (this.isFocused(field) || field.value !== field.given)) return;
    field.dataset.probe = this.here;
    if (field.value !== text) field.value = text;
    field.given = field.value; // not `text`: a field has no carriage returns
  }

  isFocused(field) {
    return field.getRootNode().activeElement === field;
  }

  paintStored() {
    const { entries, late, lost } = this.outbox;
    const failed = entries.length > 0 && (late || this.failure !== "");
    this.stored.classList.toggle("failed", failed);
    const waiting = `${entries.length} ${entries.length === 1 ? "press waits" : "presses wait"}`;
    if (failed) this.stored.textContent = `NOT SAVED: ${waiting} ${lost ? "on this page; do not close it" : "in this browser"}. ${this.failure || "The server does not answer."} It is tried again and again.`;
    else if (entries.length) this.stored.textContent = "saving";
    else this.stored.textContent = this.saved === null ? "" : `saved #${this.saved}`;
  }

  setKeys({ keys, meanings, reasons, colors }) {
    const drawn = JSON.stringify(keys);
    if (drawn === this.drawnKeys) return;
    this.drawnKeys = drawn;
    this.byKey = new Map(Object.entries(keys).flatMap(([action, names]) => names.map((name) => [name, action])));
    this.reasons.replaceChildren(...Object.entries(reasons).map(([tag, words]) => reasonButton(tag, words)));
    for (const button of this.judged.querySelectorAll("button")) {
      button.querySelector("kbd").textContent = keys[button.dataset.action].map(keyWords)[0] ?? "";
      button.title = `${meanings[button.dataset.action]} (${keys[button.dataset.action].map(keyWords).join(", ")})`;
      if (colors[button.dataset.action]) button.style.setProperty("--label", colors[button.dataset.action]);
    }
    this.judged.querySelector("[data-key]").textContent = keys.answer.map(keyWords)[0] ?? "";
    this.keys.querySelector("table").replaceChildren(...Object.entries(keys).map(([action, names]) => keyRow(names, meanings[action])));
  }

  listKeys() {
    this.keys.hidden = !this.keys.hidden;
    this["list-keys"].setAttribute("aria-expanded", String(!this.keys.hidden));
  }

  pulse(action) {
    const button = this.judged.querySelector(`button[data-action="${action}"]`);
    button?.classList.add("pulse");
    setTimeout(() => button?.classList.remove("pulse"), PULSE_MS);
  }

  say(words) {
    this.note.textContent = words;
    clearTimeout(this.saidEnds);
    this.saidEnds = setTimeout(() => (this.note.textContent = ""), SAID_MS);
  }
}

// The opinion after a press: the same as `after` in queries/labels/opinion.py.
function applied(opinion, { kind, value }) {
  const next = { ...opinion, revision: opinion.revision + 1 };
  if (kind === "blind") return { ...next, blind_verdict: value, seen: true, skipped: false };
  if (kind === "final") return { ...next, verdict: value, seen: true, skipped: false };
  if (kind === "reveal") return { ...next, seen: true };
  const field = { skip: "skipped", flag: "flagged", note: "note", answer: "answer", reasons: "reasons" }[kind];
  return { ...next, [field]: value };
}

// Digits by their place on the keyboard, so that Shift+1 is not "!" and French keyboards need no Shift; signs as typed.
function keyName(event) {
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1];
  const letter = event.key.length === 1 && event.key.toLowerCase() !== event.key.toUpperCase();
  const name = digit ?? (letter ? event.key.toLowerCase() : event.key);
  const shift = event.shiftKey && (digit !== undefined || letter || name.length > 1);
  return `${event.ctrlKey || event.metaKey ? "Ctrl+" : ""}${shift ? "Shift+" : ""}${name}`;
}

function keyWords(name) {
  const word = name.replace("Ctrl+", "Ctrl ").replace("Shift+", "⇧");
  const key = word.split(/[ ⇧]/).at(-1);
  return word.slice(0, word.length - key.length) + (KEY_WORDS[key] ?? key.toUpperCase());
}

function keyRow(names, meaning) {
  const made = element("tr");
  const caps = element("td");
  caps.append(...names.map((name) => element("kbd", "", keyWords(name))));
  made.append(caps, element("td", "", meaning));
  return made;
}

function reasonButton(tag, words) {
  const made = element("button");
  made.type = "button";
  made.dataset.action = tag;
  made.append(element("kbd"), words);
  return made;
}

// crypto.randomUUID exists only on https and localhost.
function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 15) | 64;
  bytes[8] = (bytes[8] & 63) | 128;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

const reviews = new WeakMap();

export default function ({ data, parentElement: root, setStateValue }) {
  if (!reviews.has(root)) reviews.set(root, new Review(root));
  reviews.get(root).update(data, (outbox) => setStateValue("outbox", outbox));
  return () => {
    reviews.get(root)?.close();
    reviews.delete(root);
  };
}
