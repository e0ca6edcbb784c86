// SPDX-License-Identifier: GPL-2.0-only
/* The sentences of what "dittoctl access check" found. */

const REFUSALS = {
	rule: "the client rules do not let this client in",
	flavor: "the share does not accept this security flavour (see sec, protocols and the rules)",
	guest: "the share lets no guest in",
	grant: "the share users give this user no access",
	login: "the share's option auth does not take this kind of login",
};

const REASONS = {
	everybody: "everybody who reaches it, as it has no list",
	owner: "it has no list, so the owner may, and nobody else",
	administrator: "an administrator of the share",
	traverse: "lists do not keep users who logged in from passing",
	"no-meaning": "it has no meaning here",
	"read-only": "only reading is allowed in the share",
	"read-only-mount": "the mount of the share is read-only",
	immutable: "the file is immutable",
	"append-only": "append-only",
	sticky: "the directory is sticky: only owners may",
	root: "it is the root of the share",
	kernel: "the kernel: mount options, the file system or a security module",
	privilege: "administrators may take ownership",
};

const CLASSES = { owner: "the owner has", group: "the group has", other: "others have" };

function bits_text(bits = []) {
	return ["read", "write", "execute"].map((bit, i) => bits.includes(bit) ? "rwx"[i] : "-").join("");
}

/* "entry 2, deny:uid:1001:write-data" */
function entry_text(number, ace) {
	const who = ace.sid || (ace.id === undefined ? ace.who : `${ace.who}:${ace.id}`);

	return `entry ${number}, ${ace.type}:${who}:${(ace.rights || []).join(",")}`;
}

function mode_text(d) {
	const named = `${d.class === "user" ? "user" : "group"} ${d.class_id} of the POSIX ACL has`;

	return `${CLASSES[d.class] || named} ${bits_text(d.bits)}, ${bits_text(d.need)} is needed`;
}

function list_text(d) {
	if (d.ace)
		return entry_text(d.number, d.ace);
	if (d.by_owner)
		return "the list does not, but the owner may in any case";
	return d.no_list ? "the list allows everything to everybody" : "no entry of the list allows it";
}

/* The decision of the directory that the file is in, and that of the file before it. */
function parent_text(d, decided) {
	const own = d.own_ace ? entry_text(d.own_number, d.own_ace) :
		d.own_list ? "no entry of the list allows it" : "";

	return `the directory: ${decided}${own ? `; the file: ${own}` : ""}`;
}

export function reason_text(d) {
	switch (d.reason) {
	case "list": return list_text(d);
	case "mode": return mode_text(d);
	case "parent-list": return parent_text(d, list_text(d));
	case "parent-mode": return parent_text(d, mode_text(d));
	default: return REASONS[d.reason] || "?";
	}
}

function rule_text(found) {
	if (found.rule !== undefined)
		return `Rule ${found.rule_number}, ${found.rule}: ${found.rule_access}.`;
	return found.has_rules ? "No client was given, or no rule of the share is for it." :
		"The share has no client rules: only users who prove who they are.";
}

/* Which user or group of the share it is. */
function grant_text(found) {
	if (found.grant_by === "default")
		return "its default-access";
	return `${found.grant_by} ${found.grant_sid ?? found.grant_id}`;
}

/* What decides before the permissions of the file, and as whom the user acts. */
export function access_lines(found) {
	const lines = [`File ${found.path} of the share ${found.share}.`, rule_text(found)];

	if (found.grant)
		lines.push(`The share gives ${found.grant} access, by ${grant_text(found)}.`);
	if (found.refused)
		return [...lines, `Refused: ${REFUSALS[found.refused] || found.refused}.`];
	return [...lines, `Acts as user ${found.acting_uid}, group ${found.acting_gid}` +
		`${found.admin ? ", with the privileges of an administrator of the share" : ""}` +
		`${found.guest ? ", the anonymous user of the share" : ""}; squash ${found.squash}.`];
}
