// Shows the buttons that copy, where the browser lets a page write to the clipboard. Without them the text selects whole.
if (navigator.clipboard) {
  for (const button of document.querySelectorAll("button[data-copies]")) {
    const word = button.firstChild;
    const before = word.nodeValue;
    button.hidden = false;
    button.setAttribute("aria-live", "polite");
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(document.getElementById(button.dataset.copies).textContent);
      } catch {
        return;
      }
      word.nodeValue = button.dataset.done;
      setTimeout(() => { word.nodeValue = before; }, 2000);
    });
  }
}
