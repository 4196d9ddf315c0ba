// Presses on their way to the server. Each is in the browser's local storage from the key on, and leaves it only when the
// server has said under which number it is stored, or that it never will be; until then all of them are sent again and
// again. A press is known by the id of its event, so one that arrives twice is one event.

const SEND_AGAIN_MS = 2000; // a run takes some 50 ms, a server that was killed some 2 s to be back
const LATE_MS = 1500; // unstored for longer than this, the screen says so

class Outbox {
  constructor(space, changed) {
    this.prefix = `probescope press ${encodeURIComponent(space)} `;
    this.changed = changed;
    this.sends = 0;
    this.lost = false; // the browser keeps nothing: the presses live as long as the page
    this.entries = this.kept();
    this.waits = performance.now(); // since when the oldest entry does
    this.watch = setInterval(() => this.entries.length && this.changed(), LATE_MS / 3);
  }

  close() {
    clearInterval(this.watch);
    clearTimeout(this.retry);
  }

  // What an earlier page, or another one that is still open, could not deliver.
  kept() {
    try {
      const names = Object.keys(localStorage).filter((name) => name.startsWith(this.prefix));
      return names.map((name) => JSON.parse(localStorage.getItem(name))).sort((one, other) => one.made - other.made);
    } catch {
      this.lost = true;
      return [];
    }
  }

  // `made` is the order of the presses, which a clock that is set back must not turn round: their time, or just after
  // the press before.
  add(press) {
    if (!this.entries.length) this.waits = performance.now();
    const entry = { ...press, made: Math.max(Date.now(), (this.entries.at(-1)?.made ?? 0) + 1) };
    this.entries.push(entry);
    try {
      localStorage.setItem(this.prefix + entry.event, JSON.stringify(entry));
    } catch {
      this.lost = true;
    }
    this.send();
  }

  // Returns the acknowledgements that are news.
  settle(acks) {
    const waiting = new Set(this.entries.map((entry) => entry.event));
    const news = acks.filter((ack) => waiting.has(ack.event));
    for (const { event } of news) {
      try {
        localStorage.removeItem(this.prefix + event);
      } catch {
        this.lost = true;
      }
    }
    const done = new Set(news.map((ack) => ack.event));
    this.entries = this.entries.filter((entry) => !done.has(entry.event));
    if (done.size) this.waits = performance.now();
    return news;
  }

  of(probe) {
    return this.entries.filter((entry) => entry.probe === probe);
  }

  get undoing() {
    return this.entries.some((entry) => entry.kind === "undo" || entry.kind === "redo");
  }

  get late() {
    return this.entries.length > 0 && performance.now() - this.waits > LATE_MS;
  }

  // Everything goes each time, under a new number: Streamlit does not send a value that equals the last one.
  send() {
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.entries.length && this.send(), SEND_AGAIN_MS);
    this.deliver({ ...this.place(), entries: this.entries, send: `${Date.now()}-${++this.sends}` });
  }
}
