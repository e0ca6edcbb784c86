// SPDX-License-Identifier: GPL-2.0-only
/* Who uses the server. Over NFS a machine speaks for its users, so the line is of the machine. */
import { dialog_confirm } from "./dialog.js";
import { dittoctl_value } from "./dittoctl.js";
import { Table } from "./table.js";

const columns = [
	{ title: "Address", cell: w => w.address || "away" },
	{ title: "Protocol", cell: w => [w.protocol, w.dialect].filter(Boolean).join(" ") },
	{ title: "User", cell: w => [w.domain, w.user].filter(Boolean).join("\\") },
	{ title: "Protection", cell: w => w.protection },
	{ title: "Open files", number: true, cell: w => w.opens ?? "" },
	{ title: "Locks", number: true, cell: w => w.locks ?? "" },
	{ title: "Shares", cell: w => w.shares },
];

/* The address of a client without the port of its connection: "192.0.2.1:7", "[2001:db8::1]:7". */
function host_text(address) {
	return address.replace(/^\[(.*)\](:\d+)?$/, "$1").replace(/^([^:]*):\d+$/, "$1");
}

export function who_open(update) {
	const table = new Table({
		label: "Who is connected", columns, empty: "Nobody is.",
		key: w => JSON.stringify([w.address, w.protocol, w.domain, w.user, w.protection]),
		actions: w => !w.address ? [] : [{
			label: "Disconnect", about: host_text(w.address), danger: true,
			run: () => dialog_confirm(`Disconnect ${host_text(w.address)}?`,
				"All connections of this client are closed. It may connect again.", "Disconnect",
				["client", "disconnect", host_text(w.address)], update),
		}],
	});

	return {
		node: table.node,
		async update() {
			table.show(await dittoctl_value(["who"]));
		},
	};
}
