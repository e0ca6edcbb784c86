// SPDX-License-Identifier: GPL-2.0-only
/* Sentences that tell what became of an action, or why a view cannot be shown. */
import { button_new, element_new, lines_new } from "./dom.js";

export function alert_new(lines, kind = "danger") {
	return element_new("div", { class: `notice ${kind}`, role: kind === "danger" ? "alert" : false },
			   lines_new(lines));
}

/* Show sentences above the view until they are closed. */
export function notice_show(lines, kind = "warning") {
	const notice = alert_new(lines, kind);

	if (!lines.length)
		return;
	notice.append(button_new("Close", () => notice.remove(), { class: "link" }));
	document.getElementById("notices").append(notice);
}

export function notices_clear() {
	document.getElementById("notices").replaceChildren();
}
