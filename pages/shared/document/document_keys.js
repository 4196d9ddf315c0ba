// The keys of the screen: what each does here in the browser, and the outbox of those that Python acts on.

const RETRY_MS = 3000; // an outbox that stays unacknowledged is sent again; a run takes some 50 ms
const NOTE_MS = 2000;
// Where runs interrupt each other Streamlit takes the component away and mounts it anew, in 0 to 20 ms with fast keys and
// in up to 100 ms with Back and Forward. Keys are heard meanwhile, and what they ask for waits for the new mount.
const REMOUNT_MS = 300;
const PAGE = 0.85; // of the box's height, for Space and PageDown

// Actions are numbered on through every mount of the component; a reloaded page is another client.
const client = Array.from(crypto.getRandomValues(new Uint32Array(4)), (part) => part.toString(36)).join("-");
let lastNumber = 0;
let sends = 0;
let outbox = []; // what the server has not acknowledged; a server that is away may be back minutes and mounts later
let listening = null; // the mount whose keys are heard

class Keys {
  constructor(root) {
    for (const name of ["box", "note", "keys", "list-keys"]) this[name] = root.querySelector(`.${name}`);
    this.painted = true;
    this.own = {
      search: () => document.querySelector(`input[aria-label="${CSS.escape(this.searchField)}"]`)?.focus(),
      copy_link: () => this.copyLink(),
      list_keys: () => this.listKeys(),
      leave: () => this.listKeys(),
      scroll: (name) => this.box.scrollBy({ top: (name === "PageUp" ? -PAGE : PAGE) * this.box.clientHeight }),
    };
    this["list-keys"].onclick = () => this.listKeys();
    this.onKey = (event) => this.pressed(event);
    listening?.silence();
    listening = this;
    window.addEventListener("keydown", this.onKey, true); // before Streamlit's own listeners, which are on the document
  }

  // The component is gone: for good, or until it is mounted anew in a moment.
  close() {
    this.setOutbox = null;
    clearTimeout(this.retry);
    clearTimeout(this.noteEnds);
    if (listening === this) this.left = setTimeout(() => this.silence(), REMOUNT_MS);
  }

  silence() {
    window.removeEventListener("keydown", this.onKey, true);
    clearTimeout(this.left);
  }

  update({ keys, probe, build, search_field, received }, setOutbox) {
    this.probe = probe;
    this.build = build;
    this.searchField = search_field;
    const mounted = !this.setOutbox;
    this.setOutbox = setOutbox;
    this.byName = new Map(keys.flatMap((key) => key.names.map((name) => [name, key])));
    this.keys.firstElementChild.replaceChildren(...keys.map(row));
    if (received.client === client) outbox = outbox.filter((action) => action.number > received.number);
    if (mounted && outbox.length) this.send();
    this.painted = false;
    requestAnimationFrame(() => (this.painted = true));
  }

  pressed(event) {
    if (event.isComposing || event.keyCode === 229) return;
    if (event.ctrlKey || event.metaKey || event.altKey || event.getModifierState("AltGraph")) return;
    const path = event.composedPath().filter((node) => node instanceof Element);
    const overlay = document.querySelector(OVERLAYS);
    if (path.some(takesText)) {
      if (event.key === "Escape" && !overlay) leaveField(event, path[0]);
      return;
    }
    const letter = event.key.length === 1 && event.key.toLowerCase() !== event.key.toUpperCase();
    if (letter && event.shiftKey) return;
    const name = letter ? event.key.toLowerCase() : event.key;
    const key = this.byName.get(name);
    if (key && !overlay && this.takes(key, name, path)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (!event.repeat || (key.repeats && this.painted && !outbox.length)) this.act(key, name);
    } else if (STREAMLIT_KEYS.has(name)) {
      event.stopImmediatePropagation();
    }
  }

  // A focused radio, slider or table keeps its arrows, a focused button its space bar, the rest of the page its Escape.
  takes(key, name, path) {
    const inside = (...tags) => path.some((node) => tags.includes(node.tagName) || ARROW_ROLES.has(node.role));
    if (name.startsWith("Arrow")) return !inside("INPUT", "CANVAS");
    if (key.action === "scroll") return path[0] === document.body;
    if (key.action === "leave") return !this.keys.hidden;
    return true;
  }

  act(key, name) {
    if (this.own[key.action]) return this.own[key.action](name);
    outbox.push({ number: ++lastNumber, name: key.action, probe: this.probe });
    if (this.setOutbox) this.send();
  }

  // The whole outbox goes each time, under a new number: Streamlit does not send a value that equals the last one.
  send() {
    clearTimeout(this.retry);
    this.setOutbox({ client, send: ++sends, actions: outbox });
    this.retry = setTimeout(() => outbox.length && this.send(), RETRY_MS);
  }

  listKeys() {
    this.keys.hidden = !this.keys.hidden;
    this["list-keys"].setAttribute("aria-expanded", String(!this.keys.hidden));
  }

  async copyLink() {
    const link = new URL(location.href); // which does not name the build that is open by default: that may change
    if (this.build) link.searchParams.set("build", this.build);
    const copied = await copy(link.href);
    this.note.textContent = copied ? "Link copied" : "The browser does not allow copying: take the link from the address bar";
    clearTimeout(this.noteEnds);
    this.noteEnds = setTimeout(() => (this.note.textContent = ""), NOTE_MS);
  }
}

function row(key) {
  const made = element("tr");
  const caps = element("td");
  caps.append(...key.names.map((name) => element("kbd", "", CAPS[name] ?? name.toUpperCase())));
  made.append(caps, element("td", "", key.meaning));
  return made;
}

// The asynchronous clipboard exists only on https and localhost; the selection works everywhere else.
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
