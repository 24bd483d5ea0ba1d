// Passkeys: a form with data-passkey asks the browser for one and then sends itself with what it got. The server's
// options come with the page (#passkey-options) or, before anybody is known, from the address in data-options.
const bytes = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (char) => char.charCodeAt(0));
const text = (buffer) => btoa(String.fromCharCode(...new Uint8Array(buffer))).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
const known = (list) => (list ?? []).map((each) => ({ ...each, id: bytes(each.id) }));

async function create(options, passwordless) {
  const publicKey = {
    ...options,
    challenge: bytes(options.challenge),
    user: { ...options.user, id: bytes(options.user.id) },
    excludeCredentials: known(options.excludeCredentials),
  };
  if (passwordless) {
    publicKey.authenticatorSelection = {
      ...publicKey.authenticatorSelection, residentKey: "required", requireResidentKey: true, userVerification: "required",
    };
  }
  const made = await navigator.credentials.create({ publicKey });
  return {
    attestationObject: text(made.response.attestationObject),
    transports: made.response.getTransports?.() ?? [],
    made,
  };
}

async function get(options) {
  const made = await navigator.credentials.get({
    publicKey: { ...options, challenge: bytes(options.challenge), allowCredentials: known(options.allowCredentials) },
  });
  return {
    authenticatorData: text(made.response.authenticatorData),
    signature: text(made.response.signature),
    userHandle: made.response.userHandle ? text(made.response.userHandle) : null,
    made,
  };
}

function sendable({ made, ...response }) {
  return {
    id: made.id,
    rawId: text(made.rawId),
    type: made.type,
    authenticatorAttachment: made.authenticatorAttachment ?? null,
    clientExtensionResults: made.getClientExtensionResults(),
    response: { clientDataJSON: text(made.response.clientDataJSON), ...response },
  };
}

async function optionsOf(form) {
  if (!form.dataset.options) return JSON.parse(document.getElementById("passkey-options").textContent).publicKey;
  const answer = await fetch(form.dataset.options, { headers: { Accept: "application/json" } });
  return (await answer.json()).request_options.publicKey;
}

// Browsers know passkeys on https and on localhost by name, never on an address of numbers.
const possible = "credentials" in navigator && isSecureContext && !/^[\d.]+$|^\[/.test(location.hostname);
for (const form of document.querySelectorAll("form[data-passkey]")) {
  const error = form.querySelector("[data-passkey-error]");
  if (possible) form.hidden = false;
  else form.querySelector("[data-passkey-missing]")?.removeAttribute("hidden");
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    event.stopPropagation();
    error.classList.remove("d-block");
    try {
      const options = await optionsOf(form);
      const made = form.dataset.passkey === "create" ? await create(options, form.elements.passwordless?.checked) : await get(options);
      form.elements.credential.value = JSON.stringify(sendable(made));
      form.submit();
    } catch (reason) {
      error.textContent = reason.name === "InvalidStateError" ? "This key is yours already." : "No passkey was used. Try again when you are ready.";
      error.classList.add("d-block");
    }
  });
}
