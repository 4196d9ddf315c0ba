// The document view in the browser: what pages/shared/document/document.py mounts. Follows document_sheet.js and document_keys.js
// in one module.

const parts = new WeakMap();

export default function (component) {
  const { data, parentElement: root, setStateValue } = component;
  if (!parts.has(root)) parts.set(root, { sheet: new Sheet(root), keys: new Keys(root) });
  const { sheet, keys } = parts.get(root);
  const { classList } = root.querySelector(".frame");
  classList.toggle("filling", !data.height);
  classList.toggle("keys-alone", !data.segments);
  root.querySelector(".box").style.height = data.height ? `${data.height}px` : "";
  if (data.segments) sheet.show(data.probe, data.segments);
  keys.update(data, (outbox) => setStateValue("outbox", outbox));
  return () => {
    sheet.close();
    keys.close();
    parts.delete(root);
  };
}
