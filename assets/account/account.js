// One form for every mailed code. The code stands in the fragment, which no server is sent,
// and is used only once the person presses the button: whatever opens links for people uses
// nothing up.
const TEXTS = {
  en: {
    verify_email: ["Confirm your e-mail address", "Press the button to confirm that this address is yours.", "Confirm", "Your address is confirmed."],
    reset_password: ["Choose a new password", "Choose a new password. Everybody who is signed in to your account will be signed out.", "Save the password", "Your new password is saved. You can sign in with it now."],
    invite: ["Choose a password", "You were invited. Choose a password for your account.", "Save the password", "Your account is ready. You can sign in now."],
    join: ["Join an organization", "You were invited to an organization. Press the button to join it.", "Join", "You are a member now. You can sign in to it."],
    change_email: ["Confirm your new e-mail address", "Press the button to use this address from now on.", "Confirm", "Your address is changed."],
    add_email: ["Confirm a further e-mail address", "Press the button to use this address for your account, too.", "Confirm", "The address is added to your account."],
    keep_email: ["Undo the change of your e-mail addresses", "Press the button to have the addresses of your account as they were before. Everybody who is signed in to your account will be signed out.", "Undo the change", "The addresses of your account are as they were before. Your password works no more: we have mailed you a link to choose another one."],
    label: "New password",
    broken: "This link is not complete. Open it from the mail once more.",
    failed: "The service can not be reached. Try again.",
    ended: "This link was used before, taken back, or is too old. Ask for another one.",
    done: "This link was used before, taken back, or is too old. If you have pressed the button before, it is done: sign in. If not, ask for another one.",
    short: "The password needs at least {least} characters.",
    guessed: "This password would be among the first that are guessed. Choose another one.",
    often: "Too many attempts. Wait a moment and try again.",
    refused: "That did not work. Try again, or ask for another link.",
    chosen: "Choose a password for your new account.",
  },
  nl: {
    verify_email: ["Bevestig uw e-mailadres", "Druk op de knop om te bevestigen dat dit adres van u is.", "Bevestigen", "Uw adres is bevestigd."],
    reset_password: ["Kies een nieuw wachtwoord", "Kies een nieuw wachtwoord. Iedereen die bij uw account is aangemeld, wordt afgemeld.", "Wachtwoord opslaan", "Uw nieuwe wachtwoord is opgeslagen. U kunt zich er nu mee aanmelden."],
    invite: ["Kies een wachtwoord", "U bent uitgenodigd. Kies een wachtwoord voor uw account.", "Wachtwoord opslaan", "Uw account is klaar. U kunt zich nu aanmelden."],
    join: ["Lid worden van een organisatie", "U bent uitgenodigd voor een organisatie. Druk op de knop om lid te worden.", "Lid worden", "U bent nu lid. U kunt zich erbij aanmelden."],
    change_email: ["Bevestig uw nieuwe e-mailadres", "Druk op de knop om dit adres voortaan te gebruiken.", "Bevestigen", "Uw adres is gewijzigd."],
    add_email: ["Bevestig nog een e-mailadres", "Druk op de knop om ook dit adres voor uw account te gebruiken.", "Bevestigen", "Het adres is aan uw account toegevoegd."],
    keep_email: ["De wijziging van uw e-mailadressen ongedaan maken", "Met de knop worden de adressen van uw account weer zoals ze waren. Iedereen die bij uw account is aangemeld, wordt afgemeld.", "Ongedaan maken", "De adressen van uw account zijn weer zoals ze waren. Uw wachtwoord werkt niet meer: we hebben u een link gemaild om een ander te kiezen."],
    label: "Nieuw wachtwoord",
    broken: "Deze link is niet volledig. Open hem opnieuw vanuit de e-mail.",
    failed: "De dienst is niet bereikbaar. Probeer het opnieuw.",
    ended: "Deze link is al gebruikt, ingetrokken of verlopen. Vraag een nieuwe aan.",
    done: "Deze link is al gebruikt, ingetrokken of verlopen. Hebt u al eerder op de knop gedrukt, dan is het gelukt: meld u aan. Zo niet, vraag dan een nieuwe aan.",
    short: "Het wachtwoord moet minstens {least} tekens lang zijn.",
    guessed: "Dit wachtwoord wordt als een van de eerste geraden. Kies een ander.",
    often: "Te veel pogingen. Wacht even en probeer het opnieuw.",
    refused: "Dat is niet gelukt. Probeer het opnieuw of vraag een nieuwe link aan.",
    chosen: "Kies een wachtwoord voor uw nieuwe account.",
  },
  de: {
    verify_email: ["E-Mail-Adresse bestätigen", "Mit der Schaltfläche bestätigen Sie, dass diese Adresse Ihre ist.", "Bestätigen", "Ihre Adresse ist bestätigt."],
    reset_password: ["Neues Passwort wählen", "Wählen Sie ein neues Passwort. Alle, die in Ihrem Konto angemeldet sind, werden abgemeldet.", "Passwort speichern", "Ihr neues Passwort ist gespeichert. Sie können sich jetzt damit anmelden."],
    invite: ["Passwort wählen", "Sie wurden eingeladen. Wählen Sie ein Passwort für Ihr Konto.", "Passwort speichern", "Ihr Konto ist bereit. Sie können sich jetzt anmelden."],
    join: ["Einer Organisation beitreten", "Sie wurden in eine Organisation eingeladen. Mit der Schaltfläche treten Sie ihr bei.", "Beitreten", "Sie sind jetzt Mitglied. Sie können sich dort anmelden."],
    change_email: ["Neue E-Mail-Adresse bestätigen", "Mit der Schaltfläche gilt diese Adresse von nun an.", "Bestätigen", "Ihre Adresse ist geändert."],
    add_email: ["Weitere E-Mail-Adresse bestätigen", "Mit der Schaltfläche gilt auch diese Adresse für Ihr Konto.", "Bestätigen", "Die Adresse ist Ihrem Konto hinzugefügt."],
    keep_email: ["Änderung Ihrer E-Mail-Adressen rückgängig machen", "Mit der Schaltfläche hat Ihr Konto wieder die Adressen von vorher. Alle, die in Ihrem Konto angemeldet sind, werden abgemeldet.", "Rückgängig machen", "Ihr Konto hat wieder die Adressen von vorher. Ihr Passwort gilt nicht mehr: Sie haben eine E-Mail mit einem Link für ein neues erhalten."],
    label: "Neues Passwort",
    broken: "Dieser Link ist nicht vollständig. Öffnen Sie ihn noch einmal aus der E-Mail.",
    failed: "Der Dienst ist nicht erreichbar. Versuchen Sie es noch einmal.",
    ended: "Dieser Link wurde schon benutzt, zurückgenommen oder ist abgelaufen. Fordern Sie einen neuen an.",
    done: "Dieser Link wurde schon benutzt, zurückgenommen oder ist abgelaufen. Wenn Sie die Schaltfläche schon einmal gedrückt haben, ist es getan: Melden Sie sich an. Wenn nicht, fordern Sie einen neuen an.",
    short: "Das Passwort muss mindestens {least} Zeichen lang sein.",
    guessed: "Dieses Passwort wird als eines der ersten erraten. Wählen Sie ein anderes.",
    often: "Zu viele Versuche. Warten Sie kurz und versuchen Sie es noch einmal.",
    refused: "Das hat nicht geklappt. Versuchen Sie es noch einmal oder fordern Sie einen neuen Link an.",
    chosen: "Wählen Sie ein Passwort für Ihr neues Konto.",
  },
  fi: {
    verify_email: ["Vahvista sähköpostiosoitteesi", "Vahvista painikkeella, että tämä osoite on sinun.", "Vahvista", "Osoitteesi on vahvistettu."],
    reset_password: ["Valitse uusi salasana", "Valitse uusi salasana. Kaikki tilillesi kirjautuneet kirjataan ulos.", "Tallenna salasana", "Uusi salasanasi on tallennettu. Voit nyt kirjautua sillä."],
    invite: ["Valitse salasana", "Sinut on kutsuttu. Valitse tilillesi salasana.", "Tallenna salasana", "Tilisi on valmis. Voit nyt kirjautua."],
    join: ["Liity organisaatioon", "Sinut on kutsuttu organisaatioon. Liity siihen painikkeella.", "Liity", "Olet nyt jäsen. Voit kirjautua organisaatioon."],
    change_email: ["Vahvista uusi sähköpostiosoitteesi", "Ota tämä osoite käyttöön painikkeella.", "Vahvista", "Osoitteesi on vaihdettu."],
    add_email: ["Vahvista toinen sähköpostiosoite", "Ota painikkeella tämäkin osoite tilisi käyttöön.", "Vahvista", "Osoite on lisätty tiliisi."],
    keep_email: ["Peru sähköpostiosoitteiden muutos", "Painikkeella tilisi osoitteet palautetaan entisiksi. Kaikki tilillesi kirjautuneet kirjataan ulos.", "Peru muutos", "Tilisi osoitteet ovat taas entiset. Salasanasi ei enää toimi: lähetimme linkin, jolla valitset uuden."],
    label: "Uusi salasana",
    broken: "Linkki ei ole täydellinen. Avaa se uudelleen sähköpostista.",
    failed: "Palveluun ei saada yhteyttä. Yritä uudelleen.",
    ended: "Linkki on jo käytetty, peruttu tai vanhentunut. Pyydä uusi linkki.",
    done: "Linkki on jo käytetty, peruttu tai vanhentunut. Jos olet jo painanut painiketta, asia on kunnossa: kirjaudu sisään. Jos et, pyydä uusi linkki.",
    short: "Salasanassa on oltava vähintään {least} merkkiä.",
    guessed: "Tämä salasana arvattaisiin ensimmäisten joukossa. Valitse toinen.",
    often: "Liian monta yritystä. Odota hetki ja yritä uudelleen.",
    refused: "Se ei onnistunut. Yritä uudelleen tai pyydä uusi linkki.",
    chosen: "Valitse salasana uudelle tilillesi.",
  },
};

const ROUTES = {
  verify_email: "auth/email/verify",
  reset_password: "auth/password/reset",
  invite: "auth/invitations/accept",
  join: "auth/invitations/accept",
  change_email: "auth/email/change/confirm",
  add_email: "auth/me/emails/confirm",
  keep_email: "auth/email/change/cancel",
};

// One press does it for good, so that whoever presses twice is done, and is mailed no other link.
const ONCE = ["verify_email", "change_email", "add_email", "join", "invite"];

// What the service said, in the words of the page: its own are for whoever writes a client.
function told(error) {
  const said = error?.message ?? "";
  const least = /at least (\d+) characters/.exec(said)?.[1];
  if (least) return texts.short.replace("{least}", least);
  if (said.includes("a guesser would try")) return texts.guessed;
  const code = error?.extensions?.code;
  if (code === "INVALID_CODE") return ONCE.includes(purpose) ? texts.done : texts.ended;
  if (code === "REQUESTS_EXCEEDED" || code === "SERVICE_UNAVAILABLE") return texts.often;
  return texts.refused;
}

const at = (id) => document.getElementById(id);
const query = new URLSearchParams(location.search);
const wanted = [query.get("lang"), ...navigator.languages];
const language = wanted.map((tag) => (tag ?? "").slice(0, 2).toLowerCase()).find((tag) => Object.hasOwn(TEXTS, tag)) ?? "en";
const texts = TEXTS[language];
document.documentElement.lang = language;

// Another link that is opened in this tab differs in its fragment alone, and then a browser loads
// nothing by itself.
addEventListener("hashchange", () => location.reload());

const send = (body) =>
  fetch(new URL(ROUTES[purpose], location.href), {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });

// A link that an administrator was given has the code in the query.
const asked = query.get("mode") === "resetPassword" ? ["reset_password", query.get("oobCode")] : null;
const [purpose, code] = asked ?? location.hash.slice(1).split("=");
// Not `in`: what every object has by itself, as `constructor`, is no purpose.
if (!Object.hasOwn(ROUTES, purpose) || !code) {
  at("words").textContent = texts.broken;
} else {
  const [title, words, button, done] = texts[purpose];
  let chooses = purpose === "reset_password" || purpose === "invite";
  document.title = title;
  at("title").textContent = title;
  at("words").textContent = words;
  at("button").textContent = button;
  at("label").textContent = texts.label;
  at("field").hidden = !chooses;
  at("password").required = chooses;
  at("form").hidden = false;
  at("form").addEventListener("submit", async (event) => {
    event.preventDefault();
    at("button").disabled = true;
    const body = { token: code };
    if (chooses) body.password = at("password").value;
    try {
      let answer = await send(body);
      if (purpose === "invite" && answer.status === 409) {
        // The address has an account with a password by now: that one stays, and the person joins.
        answer = await send({ token: code });
      }
      if (answer.ok) {
        at("form").hidden = true;
        at("words").textContent = "";
        at("result").textContent = done;
        history.replaceState(null, "", location.pathname);
        // Of the operator's list, and stored with the code: never what stands in this page's address.
        const next = answer.headers.get("Location");
        if (next) location.assign(next);
        return;
      }
      const refused = await answer.json();
      const error = refused.errors?.[0];
      at("result").textContent = told(error);
      if (purpose === "join" && error?.extensions?.code === "INVALID_PAYLOAD") {
        // Whoever had the address when the mail was sent is gone: a new account needs a password.
        if (!chooses) at("result").textContent = texts.chosen;
        chooses = true;
        at("field").hidden = false;
        at("password").required = true;
      }
    } catch {
      at("result").textContent = texts.failed;
    }
    at("button").disabled = false;
    // The button lost the focus as it was disabled.
    at(chooses ? "password" : "button").focus();
  });
}
