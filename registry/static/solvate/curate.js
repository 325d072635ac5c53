// Keyboard for the candidate page, and questions before destructive buttons. Everything works without it.
document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select, [contenteditable]");
  if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.key === "j" || event.key === "k") {
    document.getElementById(event.key === "j" ? "sv-next" : "sv-previous")?.click();
    return;
  }
  const button = document.querySelector(`.sv-decide [data-key="${CSS.escape(event.key)}"]`);
  if (!button) return;
  event.preventDefault();
  const reason = document.getElementById("sv-reason");
  if (button.value === "reject" && !reason.value.trim()) {
    reason.focus(); // a rejection needs its reason first; Enter then sends it
    reason.dataset.verdict = "reject";
    return;
  }
  button.click();
});

document.addEventListener("DOMContentLoaded", () => {
  const reason = document.getElementById("sv-reason");
  reason?.addEventListener("keydown", (event) => {
    if (event.key === "Escape") reason.blur();
    if (event.key !== "Enter") return;
    event.preventDefault(); // plain Enter would press the first button, whichever that is
    if (reason.dataset.verdict === "reject") document.querySelector('.sv-decide [data-key="r"]').click();
  });

  // A verdict that needs words says so at the field, before anything is sent.
  document.querySelectorAll(".sv-verdicts button").forEach((button) => {
    button.addEventListener("click", () => {
      const needed = document.getElementById(button.dataset.needs ?? "");
      reason.setCustomValidity(needed && !needed.value.trim() ? button.dataset.say : "");
    });
  });
  reason?.addEventListener("input", () => reason.setCustomValidity(""));

  // A refused form came back at the address that it was sent to; reloading should show the candidate.
  const refused = document.querySelector("[data-address]");
  if (refused) history.replaceState(null, "", refused.dataset.address);

  const onward = document.getElementById("sv-onward");
  if (onward) {
    onward.checked = localStorage.getItem("solvate.onward") === "1";
    onward.addEventListener("change", () => localStorage.setItem("solvate.onward", onward.checked ? "1" : "0"));
  }

  document.querySelectorAll("form[data-confirm]").forEach((form) => {
    form.addEventListener("submit", (event) => {
      if (!window.confirm(form.dataset.confirm)) event.preventDefault();
    });
  });

  document.querySelectorAll("[data-copy]").forEach((button) => {
    button.addEventListener("click", async () => {
      const source = document.getElementById(button.dataset.copy);
      try {
        await navigator.clipboard.writeText(source.textContent);
        button.lastElementChild.textContent = "Copied";
      } catch {
        window.getSelection().selectAllChildren(source); // no clipboard without HTTPS: Ctrl-C does it
      }
    });
  });

  // Another architecture has other settings, another dataset version other counts, and a model's next version is most
  // likely like its last one: ask the server for its form.
  const shaping = "#sv-main :is(select[name=model], select[name=architecture], select[name=dataset_version])";
  document.querySelectorAll(shaping).forEach((select) => {
    select.addEventListener("change", () => {
      if (select.name !== "model" || !hasSettings(select.form)) reload(select); // settings that were typed would go
    });
  });
  document.querySelectorAll(".sv-form select[data-reload]").forEach((select) => {
    select.addEventListener("change", () => reload(select));
  });
  document.querySelectorAll(".sv-form button[data-reload]").forEach((button) => {
    button.addEventListener("click", () => reload(button));
  });
});

// The units that a property can be given in; any other that converts is taken too.
document.addEventListener("DOMContentLoaded", () => {
  const choices = document.getElementById("sv-units-of");
  const property = document.querySelector(".sv-form select[name=property]");
  const unit = document.querySelector(".sv-form input[name=unit]");
  if (!choices || !property || !unit) return;
  const byProperty = JSON.parse(choices.textContent);
  const offer = () => {
    const names = byProperty[property.value] ?? [];
    document.getElementById("sv-units").replaceChildren(...names.map((name) => new Option(name, name)));
    unit.placeholder = names[0] ?? "";
  };
  property.addEventListener("change", offer);
  offer();
});

// What a person has chosen in the training form stays when the server is asked for another.
document.addEventListener("DOMContentLoaded", () => {
  const note = document.querySelector(".sv-form input[name=chosen]");
  note?.form.addEventListener("change", (event) => {
    note.value = [...new Set(note.value.split(",").filter(Boolean)).add(event.target.name)].join();
  }, true);
});

function hasSettings(form) {
  return [...form.elements].some((field) => field.name.includes(".") && !["", "null"].includes(field.value));
}

function reload(select) {
  const query = new URLSearchParams(new FormData(select.form));
  query.delete("csrfmiddlewaretoken");
  // Another architecture has other settings; what a model is asked under or for is asked by its other versions too.
  const settings = [...query.keys()].filter((name) => name.includes(".") && !name.startsWith("condition."));
  settings.forEach((name) => query.delete(name));
  window.location.search = query.toString();
}
