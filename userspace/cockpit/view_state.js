// SPDX-License-Identifier: GPL-2.0-only
/* Whether everything is served that is configured, and what is not and why. */
import { dialog_confirm } from "./dialog.js";
import { dittoctl_value } from "./dittoctl.js";
import { button_new, element_new } from "./dom.js";
import { bytes_text, count_text } from "./format.js";
import { Table } from "./table.js";

function problems_table() {
	return new Table({
		label: "Problems", key: p => `${p.subject} ${p.problem}`, empty: "There are none.",
		filter: false,
		columns: [{ title: "Subject", cell: p => p.subject },
			  { title: "Problem", cell: p => p.problem }],
	});
}

function space_table() {
	return new Table({
		label: "Space", key: s => s.share, empty: "No file system has answered yet.",
		columns: [{ title: "Share", cell: s => s.share },
			  { title: "Free", number: true, cell: s => bytes_text(s.free) },
			  { title: "Size", number: true, cell: s => bytes_text(s.size) }],
	});
}

function stores_table() {
	return new Table({
		label: "Object stores", key: s => s.name, empty: "None is configured.", filter: false,
		columns: [{ title: "Store", cell: s => s.name },
			  { title: "Answers", cell: s => s.answers ? "yes" : "no" },
			  { title: "Bucket", cell: s => s.bucket }],
	});
}

/* What must be started for the server to serve. */
function state_remedy(status) {
	if (!status.loaded)
		return "The kernel module is not loaded: modprobe ditto_nfs, or systemctl start ditto.";
	if (status.stopped)
		return "It was stopped: dittoctl start serves again.";
	return status.helper ? "" : "dittod does not run: systemctl start dittod.";
}

export function state_open(update) {
	const state = element_new("p", { class: "state", role: "status" });
	const notes = element_new("ul", { "aria-label": "Notes" });
	const end = button_new("End the grace", () => dialog_confirm("End the grace?",
		"Clients that have not reclaimed their locks lose them.", "End it", ["grace", "end"],
		update), { hidden: true });
	const problems = problems_table(), space = space_table(), stores = stores_table();

	return {
		node: element_new("div", {}, element_new("section", {}, element_new("h2", {}, "State"),
			state, notes, end), problems.node, space.node, stores.node),
		async update() {
			const status = await dittoctl_value(["status"]);
			const text = `${status.state}: ${count_text(status.shares, "share")}, ` +
				`${count_text(status.listeners, "listener")}. ${state_remedy(status)}`;

			// A reader of the screen says what is new.
			if (state.textContent !== text)
				state.textContent = text;
			state.dataset.state = status.state;
			notes.replaceChildren(...status.notes.map(n => element_new("li", {}, n)));
			end.hidden = !status.grace?.active;
			problems.show(status.problems);
			space.show(status.space);
			stores.show(status.stores);
		},
	};
}
