// What was typed before the page's script came: over a slow network the words are there first, and no event tells of them.

/** The names of those fields of a form that say something else than the page came with; files go by their buttons alone. */
export const typed = (/** @type {HTMLFormElement} */ form) =>
  new Set([...form.elements].filter(differs).map((field) => /** @type {HTMLInputElement} */ (field).name));

function differs(/** @type {Element} */ field) {
  if (field instanceof HTMLSelectElement)
    return (
      field.selectedIndex !==
      Math.max(
        0,
        [...field.options].findIndex((option) => option.defaultSelected),
      )
    );
  if (field instanceof HTMLTextAreaElement) return field.value !== field.defaultValue;
  if (!(field instanceof HTMLInputElement) || field.type === "file") return false;
  return field.value !== field.defaultValue || field.checked !== field.defaultChecked;
}
