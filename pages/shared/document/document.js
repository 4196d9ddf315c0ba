// The document view in the browser: what pages/shared/document/document.py mounts. Follows document_sheet.js and document_keys.js
// in one module.

const parts = new WeakMap();
const SECTIONS = "article.probe > details";
const unfolded = new Set();

// Sections of the probe card that the reader unfolds stay so from probe to probe, although each card is new markup.
class Sections {
  constructor() {
    this.onToggle = ({ target }) => {
      if (target.matches(SECTIONS)) unfolded[target.open ? "add" : "delete"](target.firstChild.textContent);
    };
    document.addEventListener("toggle", this.onToggle, true); // which does not bubble
    this.observer = new MutationObserver(() => unfolded.size && this.unfold()); // is called before the card is painted
    this.observer.observe(document.body, { childList: true, subtree: true });
  }

  unfold() {
    for (const section of document.querySelectorAll(SECTIONS)) {
      if (!section.dataset.met && unfolded.has(section.firstChild.textContent)) section.open = true;
      section.dataset.met = "yes"; // what the reader folds after that stays folded
    }
  }

  close() {
    document.removeEventListener("toggle", this.onToggle, true);
    this.observer.disconnect();
  }
}

export default function (component) {
  const { data, parentElement: root, setStateValue } = component;
  if (!parts.has(root)) parts.set(root, { sheet: new Sheet(root), keys: new Keys(root), sections: new Sections() });
  const { sheet, keys, sections } = parts.get(root);
  const { classList } = root.querySelector(".frame");
  classList.toggle("filling", !data.height);
  classList.toggle("keys-alone", !data.segments);
  root.querySelector(".box").style.height = data.height ? `${data.height}px` : "";
  if (data.segments) sheet.show(data.probe, data.segments);
  keys.update(data, (outbox) => setStateValue("outbox", outbox));
  return () => {
    sheet.close();
    keys.close();
    sections.close();
    parts.delete(root);
  };
}
