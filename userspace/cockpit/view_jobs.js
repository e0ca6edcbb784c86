// SPDX-License-Identifier: GPL-2.0-only
/* What goes on in the background: copies for clients, the schedule of offload, and snapshots. */
import { dialog_confirm } from "./dialog.js";
import { dittoctl_value } from "./dittoctl.js";
import { element_new } from "./dom.js";
import { bytes_text, time_text } from "./format.js";
import { Table } from "./table.js";

function copies_table(update) {
	return new Table({
		label: "Copies for clients", key: j => j.id, empty: "Nothing is copied.", filter: false,
		columns: [{ title: "From", cell: j => `${j.share}/${j.path}` },
			  { title: "To", cell: j => `${j.target_share}/${j.target_path}` },
			  { title: "Client", cell: j => `${j.client} (${j.protocol})` },
			  { title: "Done", number: true,
			    cell: j => `${bytes_text(j.done)} of ${bytes_text(j.size)}` }],
		actions: j => [{
			label: "Cancel", about: `the copy of ${j.path}`, danger: true,
			run: () => dialog_confirm("Cancel this copy?",
				"What it has copied stays. The client gets an I/O error.", "Cancel the copy",
				["job", "cancel", String(j.id)], update),
		}],
	});
}

function schedule_table() {
	return new Table({
		label: "Schedule of offload", key: j => j.job, empty: "Nothing is scheduled.", filter: false,
		columns: [{ title: "Job", cell: j => j.job },
			  { title: "Last success", cell: j => j.success ? time_text(j.success) : "never" },
			  { title: "Last run", cell: j => j.result }],
	});
}

function policies_table() {
	return new Table({
		label: "Policies of offload", key: p => p.policy, empty: "There are none.", filter: false,
		columns: [{ title: "Policy", cell: p => p.policy }, { title: "Path", cell: p => p.path },
			  { title: "Store", cell: p => p.store || "-" },
			  { title: "Schedule", cell: p => p.schedule }],
	});
}

function snapshots_table() {
	return new Table({
		label: "Snapshots in object stores", key: s => `${s.share}/${s.name}`,
		empty: "There are none.",
		columns: [{ title: "Snapshot", cell: s => `${s.share}/${s.name}` },
			  { title: "Time", cell: s => time_text(s.time) },
			  { title: "Entries", number: true, cell: s => s.entries },
			  { title: "Size", number: true, cell: s => bytes_text(s.bytes) },
			  { title: "Lost", number: true, cell: s => s.lost },
			  { title: "Store", cell: s => s.store }],
	});
}

export function jobs_open(update) {
	const copies = copies_table(update), schedule = schedule_table();
	const policies = policies_table(), snapshots = snapshots_table();

	return {
		node: element_new("div", {}, copies.node, schedule.node, policies.node, snapshots.node),
		async update() {
			const status = await dittoctl_value(["status"]);

			copies.show(status.loaded ? await dittoctl_value(["job", "list"]) : []);
			schedule.show(status.jobs);
			// Without an object store there is nothing to ask.
			if (!status.stores.length)
				return;
			policies.show(await dittoctl_value(["offload", "policy", "list"]));
			snapshots.show(await dittoctl_value(["offload", "snapshot", "list"]));
		},
	};
}
