// SPDX-License-Identifier: GPL-2.0-only
/* A dialog with a form. The browser keeps the focus within it and gives it back at the end. */
import { button_new, element_new } from "./dom.js";
import { dittoctl_run } from "./dittoctl.js";
import { alert_new, notice_show } from "./notice.js";

/*
 * Open a dialog. @words returns the words of the command that its button runs, or null if there is
 * nothing to do. If the command is refused, the dialog stays and tells why. @done is called behind it.
 */
export function dialog_open({ title, body, action, danger, words, done }) {
	const errors = element_new("div");
	let busy = false;
	const submit = element_new("button", { type: "submit", class: danger ? "danger" : "primary" },
				   action);
	const close = () => dialog.close();
	const cancel = button_new("Cancel", close);

	/* Whoever holds Enter on the button that opened the dialog has not read it. */
	cancel.autofocus = !!danger;
	const form = element_new("form", { method: "dialog" },
		element_new("h2", { id: "dialog-title" }, title), body,
		element_new("div", { class: "foot" }, errors,
			element_new("div", { class: "actions" }, submit, cancel)));
	const dialog = element_new("dialog", { "aria-labelledby": "dialog-title" }, form);

	form.addEventListener("submit", async event => {
		event.preventDefault();
		if (busy)
			return;
		const command = words();

		if (!command)
			return close();
		errors.replaceChildren();
		busy = true;
		try {
			const { warnings } = await dittoctl_run(command);

			close();
			notice_show(warnings);
			await done?.();
		} catch (error) {
			errors.replaceChildren(alert_new(error.lines || [error.message]));
		}
		busy = false;
	});
	// Who clicks twice gets one.
	if (document.querySelector("dialog"))
		return;
	dialog.addEventListener("close", () => dialog.remove());
	document.body.append(dialog);
	dialog.showModal();
}

/* Ask before a command that takes something away. */
export function dialog_confirm(title, sentence, action, command, done) {
	dialog_open({ title, body: element_new("p", {}, sentence), action, danger: true,
		      words: () => command, done });
}
