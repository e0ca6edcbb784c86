// SPDX-License-Identifier: GPL-2.0-only
/* What a user may do with a file, and what decides about each right. */
import { access_lines, reason_text } from "./access_words.js";
import { dittoctl_value } from "./dittoctl.js";
import { element_new, lines_new } from "./dom.js";
import { field_choice, field_text } from "./field.js";
import { alert_new } from "./notice.js";
import { Table } from "./table.js";

const PROTOCOLS = ["nfs", "nfs-krb5", "nfs-krb5i", "nfs-krb5p", "smb", "smb-kerberos", "smb-ntlm"];

function steps_table() {
	return new Table({
		label: "On the way", key: s => s.where, empty: "No directory is on the way.", filter: false,
		columns: [{ title: "Directory", cell: s => s.where },
			  { title: "Passes", cell: s => s.granted ? "yes" : "no" },
			  { title: "Why", cell: reason_text }],
	});
}

function rights_table() {
	return new Table({
		label: "Rights", key: d => d.right, empty: "Nothing was decided.", filter: false,
		columns: [{ title: "Right", cell: d => d.right },
			  { title: "May", cell: d => d.granted ? "yes" : "no" },
			  { title: "Why", cell: reason_text }],
	});
}

/* Each directory with the path to it. */
function steps_named(steps) {
	let where = "";

	return steps.map(step => ({ ...step, where: where += `${step.name || "?"}/` }));
}

export function access_open() {
	const fields = {
		path: field_text("File", "", { required: true, help: "A path on this machine." }),
		user: field_text("User", "", { help: "A name or number; empty for a guest." }),
		client: field_text("Client", "", { help: "Address or name; empty to leave client rules out." }),
		protocol: field_choice("Protocol", PROTOCOLS, "nfs"),
		share: field_text("Share", "", { help: "Empty for the innermost one." }),
	};
	const answer = element_new("div", { role: "status" });

	function words() {
		const out = ["access", "check", ...(fields.user.value ? ["--user", fields.user.value] :
						    ["--guest"])];

		for (const name of ["client", "protocol", "share"])
			if (fields[name].value)
				out.push(`--${name}`, fields[name].value);
		return [...out, fields.path.value];
	}

	async function check(event) {
		event.preventDefault();
		try {
			const found = await dittoctl_value(words());
			const nodes = [element_new("section", {}, lines_new(access_lines(found)))];

			if (!found.refused) {
				const steps = steps_table(), rights = rights_table();

				steps.show(steps_named(found.step));
				rights.show(found.decision);
				nodes.push(steps.node, rights.node);
			}
			answer.replaceChildren(...nodes);
		} catch (error) {
			answer.replaceChildren(alert_new(error.lines || [error.message]));
		}
	}

	return {
		node: element_new("div", {}, element_new("section", {},
			element_new("h2", {}, "What may a user do?"),
			element_new("form", { class: "inline", onsubmit: check },
				Object.values(fields).map(f => f.node),
				element_new("div", { class: "actions" }, element_new("button",
					{ type: "submit", class: "primary" }, "Check")))), answer),
		async update() {},
	};
}
