// Names for what a form asks: the parameter's own, which stands beside it and not in a label.
const name = () => {
  for (const row of document.querySelectorAll("tr[data-param-name]")) {
    for (const field of row.querySelectorAll("select, input, textarea")) {
      if (!field.hasAttribute("aria-label")) field.setAttribute("aria-label", row.dataset.paramName);
    }
  }
  for (const field of document.querySelectorAll("textarea:not([aria-label])")) field.setAttribute("aria-label", "Request body");
  for (const field of document.querySelectorAll("select:not([aria-label])")) field.setAttribute("aria-label", "Example");
};
new MutationObserver(name).observe(document, { childList: true, subtree: true });
name();
