// Optional: every page works without script.
"use strict";

// Leaves empty fields out of the addresses of forms.
for (const form of document.querySelectorAll("form[method=get]")) {
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) {
      if (value === "") event.formData.delete(name);
    }
  });
}

// Shows the time of the slider while it moves.
for (const slider of document.querySelectorAll("input[type=range][data-label]")) {
  const label = document.getElementById(slider.dataset.label);
  const show = () => {
    const time = new Date(Number(slider.value) * 1000).toISOString();
    label.textContent = `${time.slice(0, 10)} ${time.slice(11, 19)}`;
    slider.setAttribute("aria-valuetext", label.textContent);
  };
  slider.addEventListener("input", show);
  slider.setAttribute("aria-valuetext", label.textContent.trim());
}

// Shows the local time of the reader as a tooltip on each UTC time.
document.addEventListener("mouseover", (event) => {
  const time = event.target.closest?.("time[datetime]");
  if (time && !time.title) {
    const local = new Date(time.dateTime.replace(/(\.\d{3})\d+/, "$1"));
    time.title = local.toLocaleString(document.documentElement.lang, {
      dateStyle: "full", timeStyle: "long",
    });
  }
});

// Says when a page is printed, and prints the hidden parts of long texts as well.
const opened = [];
addEventListener("beforeprint", () => {
  const fact = document.getElementById("printing");
  const now = new Date().toISOString();
  fact.querySelector("span").textContent = `${now.slice(0, 10)} ${now.slice(11, 19)} UTC`;
  fact.hidden = false;
  for (const details of document.querySelectorAll("details:not([open])")) {
    details.open = true;
    opened.push(details);
  }
});
addEventListener("afterprint", () => {
  for (const details of opened.splice(0)) details.open = false;
});
