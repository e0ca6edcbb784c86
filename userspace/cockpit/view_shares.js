// SPDX-License-Identifier: GPL-2.0-only
/* What is served: shares, which are made, changed and removed here. */
import { dialog_confirm } from "./dialog.js";
import { dittoctl_run, dittoctl_value } from "./dittoctl.js";
import { button_new, element_new } from "./dom.js";
import { notice_show } from "./notice.js";
import { rule_text, share_form_open } from "./share_form.js";
import { Table } from "./table.js";

const columns = [
	{ title: "Name", cell: s => s.name },
	{ title: "Path", cell: s => s.path || "?" },
	{ title: "Comment", cell: s => s.comment || "" },
	{ title: "Clients", cell: s => s.rules.length ? s.rules.map(rule_text) : "no rule" },
	{ title: "Mode", cell: s => s.read_only ? "ro" : "rw" },
	{ title: "Problems", cell: s => s.problems },
];

/* The form has what the share has now: the table may be some seconds old. */
async function change_open(name, update) {
	try {
		const share = (await dittoctl_value(["share", "list"])).find(s => s.name === name);

		if (share)
			await share_form_open(share, update);
		else
			await update();
	} catch (error) {
		notice_show(error.lines || [error.message], "danger");
	}
}

export function shares_open(update) {
	const table = new Table({
		label: "Shares", columns, key: s => s.name, empty: "Nothing is served.",
		actions: share => [
			{ label: "Change", about: `the share ${share.name}`,
			  run: () => change_open(share.name, update) },
			{ label: "Remove", about: `the share ${share.name}`, danger: true,
			  run: () => dialog_confirm(`Remove the share ${share.name}?`,
				"Clients can no longer use it. The files stay.", "Remove",
				["share", "del", share.name], update) },
		],
	});
	const save = button_new("Save to the configuration file", () => config_save(update));
	const unsaved = element_new("p", { class: "notice warning", hidden: true },
		"What is served differs from the configuration file, and changes last until the next start. ",
		save);

	table.filter.before(button_new("New share", () => share_form_open(null, update),
				       { class: "primary" }));
	return {
		node: element_new("div", {}, unsaved, table.node),
		async update() {
			table.show(await dittoctl_value(["share", "list"]));
			const differs = await dittoctl_value(["config", "diff"]);

			unsaved.hidden = !differs.length;
		},
	};
}

async function config_save(update) {
	try {
		const { value, warnings } = await dittoctl_run(["config", "save"]);

		notice_show([`Saved to ${value.files.join(", ") || value.file}.`,
			     ...value.kept.map(what => `Kept as it was: ${what}`), ...warnings], "info");
		await update();
	} catch (error) {
		notice_show(error.lines || [error.message], "danger");
	}
}
