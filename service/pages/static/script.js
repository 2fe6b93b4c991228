// Comfort only: every page works without this file.
"use strict";

// Addresses of forms stay short: fields without a value are left out.
for (const form of document.querySelectorAll("form[method=get]")) {
  form.addEventListener("formdata", (event) => {
    for (const [name, value] of [...event.formData]) {
      if (value === "") event.formData.delete(name);
    }
  });
}

// The slider says which moment it stands on, while it moves.
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

// The reader's own time, where the mouse rests on one of ours.
document.addEventListener("mouseover", (event) => {
  const time = event.target.closest?.("time[datetime]");
  if (time && !time.title) {
    const local = new Date(time.dateTime.replace(/(\.\d{3})\d+/, "$1"));
    time.title = local.toLocaleString(document.documentElement.lang, {
      dateStyle: "full", timeStyle: "long",
    });
  }
});
