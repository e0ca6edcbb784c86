// SPDX-License-Identifier: GPL-2.0-only
/* Who holds what against whom: requests that wait with what is in their way, then all claims. */
import { dialog_confirm } from "./dialog.js";
import { dittoctl_value } from "./dittoctl.js";
import { element_new } from "./dom.js";
import { time_text } from "./format.js";
import { Table } from "./table.js";

/* "write 0-99", "read 100-end", "write 5 empty" */
function range_text(claim) {
	const last = claim.last === undefined ? " empty" : `-${claim.last ?? "end"}`;

	return `${claim.exclusive ? "write" : "read"} ${claim.first}${last}` +
		(claim.discipline === "exact" ? " mandatory" : "");
}

function what_text(claim) {
	if (claim.type === "range")
		return range_text(claim);
	if (claim.type === "lease")
		return `lease ${(claim.lease || []).join(",")}`;
	return `open ${(claim.access || []).join(",")}` +
		(claim.deny?.length ? ` deny ${claim.deny.join(",")}` : "");
}

function client_text(claim) {
	return `${claim.client || "?"} (${claim.protocol})` +
		(claim.owner_name ? `, ${claim.owner_name}` : "");
}

function state_text(claim) {
	if (claim.state !== "breaking")
		return claim.state;
	const left = Math.ceil((claim.break_left_ms ?? 0) / 1000);

	return `breaking to ${(claim.keep || []).join(",") || "nothing"}, ${left} s left`;
}

/* The claim and no other: a client may hold several that are alike, of one file, too. */
function claim_text(claim) {
	return `${what_text(claim)} of ${claim.path || "a file without a name"}, ` +
		`claim ${claim.id} of ${client_text(claim)}`;
}

function release_ask(claim, label, update) {
	dialog_confirm(`${label}: ${claim_text(claim)}?`,
		"The client is not asked, and may go on as if it held the claim: do this for clients that are gone.",
		label, ["lock", "release", String(claim.id)], update);
}

/* The button that takes a claim away, or ends a wait; processes of this machine have no number. */
function release_action(claim, update) {
	const label = claim.state === "waiting" ? "End the wait" : "Release";

	return !claim.id ? [] : [{ label, about: claim_text(claim), danger: true,
				   run: () => release_ask(claim, label, update) }];
}

const claim_columns = [
	{ title: "File", cell: c => c.path || "-" },
	{ title: "Client", cell: client_text },
	{ title: "What", cell: what_text },
	{ title: "State", cell: state_text },
	{ title: "Since", cell: c => time_text(c.since) },
];

const conflict_columns = [
	{ title: "File", cell: c => c.waiter.path || "-" },
	{ title: "Waits", cell: c => [client_text(c.waiter), what_text(c.waiter)] },
	{ title: "In the way", cell: c => c.holders.length ?
		c.holders.map(h => `${client_text(h)}: ${what_text(h)}`) : "other requests that wait" },
	{ title: "Since", cell: c => time_text(c.waiter.since) },
];

/* Each request that waits, with the claims that it waits for. */
function conflicts_find(claims) {
	const by_id = new Map(claims.filter(c => c.id).map(c => [c.id, c]));

	return claims.filter(c => c.state === "waiting").map(waiter => ({
		waiter, holders: (waiter.waits_for || []).map(id => by_id.get(id)).filter(Boolean),
	}));
}

export function locks_open(update) {
	const conflicts = new Table({
		label: "Who waits for whom", columns: conflict_columns, key: c => c.waiter.id,
		empty: "Nobody waits.", filter: false,
		actions: c => [...c.holders, c.waiter].flatMap(claim => release_action(claim, update)),
	});
	const claims = new Table({
		label: "Locks, opens and leases", columns: claim_columns, empty: "Nothing is held.",
		key: c => JSON.stringify([c.id, c.client, c.owner, c.path, c.first, c.last]),
		actions: c => release_action(c, update),
	});

	return {
		node: element_new("div", {}, conflicts.node, claims.node),
		async update() {
			const all = await dittoctl_value(["lock", "list"]);

			conflicts.show(conflicts_find(all));
			claims.show(all);
		},
	};
}
