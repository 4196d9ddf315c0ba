// What keeps keys from acting: typing, dialogs, and elements that own the key. Shared by every component with keys.

const NOT_TEXT = new Set(["checkbox", "radio", "range", "button", "submit", "reset", "color", "file", "image"]);
const TEXT_ROLES = new Set(["textbox", "searchbox", "combobox", "listbox", "spinbutton"]);
const ARROW_ROLES = new Set(["radio", "radiogroup", "slider", "tab", "tablist", "menu", "menuitem", "grid", "gridcell"]);
const OVERLAYS = '[role="dialog"], [role="alertdialog"], dialog[open]'; // Streamlit's dialogs and popovers
const STREAMLIT_KEYS = new Set(["r", "c"]); // rerun, clear the cache: on a screen for reading only ever hit by mistake
const CAPS = { ArrowRight: "→", ArrowLeft: "←", " ": "Space", PageDown: "PgDn", PageUp: "PgUp", Escape: "Esc" };

function takesText(node) {
  if (node.tagName === "INPUT") return !NOT_TEXT.has(node.type);
  return node.tagName === "TEXTAREA" || node.tagName === "SELECT" || node.isContentEditable || TEXT_ROLES.has(node.role);
}

// Escape in a field gives the keys back to the screen; where a list is open it closes that first. It empties no search
// field, as the browser and Streamlit would: the field would be empty and the search still on.
function leaveField(event, field) {
  if (field.getAttribute("aria-expanded") === "true") return;
  if (event.key === "Escape") {
    event.preventDefault();
    event.stopImmediatePropagation();
  }
  field.blur();
}
