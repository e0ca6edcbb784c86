// SPDX-License-Identifier: GPL-2.0-only
/*
 * The form of a share. What it is made of comes from the schema of what "dittoctl share list" prints:
 * each member that is not named here is an option of its own, with its values.
 */
import { dialog_open } from "./dialog.js";
import { element_new } from "./dom.js";
import { ChecksField, LinesField, field_choice, field_text } from "./field.js";

/* Members with fields of their own, and those that no option sets. */
const KNOWN = ["name", "path", "id", "anon_uid", "anon_gid", "rules", "comment", "snapshots",
	       "protocols", "links", "users", "default_access", "read_only",
	       "fs_type", "device", "inode", "handles"];

const ACCESS = { none: "none", read: "ro", write: "rw" };

let schema;

async function schema_load() {
	schema = schema || (await (await fetch("netlink.json")).json()).$defs["share-get"].properties;
	return schema;
}

/* A rule in the words of the option "allow". */
export function rule_text(rule) {
	const access = rule.access ? `=${ACCESS[rule.access]}` : "";
	const more = ["squash", "anon_uid", "anon_gid"].filter(name => rule[name] !== undefined)
		.map(name => `,${name.replace("_", "-")}=${rule[name]}`);

	return rule.spec + access + more.join("");
}

/* A user or group as the options of these names. */
function user_text(user) {
	return `${user.is_group ? "group" : "user"} ${user.sid ?? user.gid ?? user.uid}=${user.access}`;
}

/* Words of an option that is given once for each line, or of the one that removes all. */
function list_words(field, none, words) {
	if (!field.changed)
		return [];
	return field.lines.length ? field.lines.flatMap(words) : [none];
}

/* "user NAME=ACCESS" or "group NAME=ACCESS"; a name alone is that of a user. */
function user_words(line) {
	const [, kind, name] = line.match(/^(?:(user|group)\s+)?(.*)$/);

	return [kind || "user", name];
}

/* Permission bits are written in octal. */
function number_text(name, value) {
	return /(mask|mode)$/.test(name) ? value.toString(8).padStart(4, "0") : String(value);
}

/* The field of an option that the schema describes. */
function option_field(name, type, value) {
	const label = name.replaceAll("_", "-");

	if (type.type === "boolean")
		return field_choice(label, ["yes", "no"], { true: "yes", false: "no" }[value]);
	if (type.enum)
		return field_choice(label, type.enum, value);
	if (type.type === "array")
		return new ChecksField(label, type.items.enum, value || [],
				       value ? "" : "None chosen: the default.");
	return field_text(label, value === undefined ? "" : number_text(name, value),
			  { help: value === undefined ? "Empty: the default." : "" });
}

function fields_new(types, share) {
	const anon = share.anon_uid === undefined ? "" : `${share.anon_uid}:${share.anon_gid}`;
	const read_only = { true: "read-only", false: "writable" }[share.read_only];

	return {
		comment: field_text("Comment", share.comment),
		read_only: field_choice("Clients find it", ["writable", "read-only"],
					read_only || "writable"),
		protocols: new ChecksField("Protocols", ["nfs", "smb"], (share.protocols || "nfs,smb")
			.split(/[\s,]+/)),
		rules: new LinesField("Rules about clients", (share.rules || []).map(rule_text),
			"One a line, the first that matches decides: CLIENT[=rw|ro|none][,squash=MODE][,anon-uid=UID][,anon-gid=GID]. CLIENT is an address, a network, a host name, @netgroup, cert:NAME or any. Without a rule nobody is served by NFS with AUTH_SYS."),
		users: new LinesField("Users and groups", (share.users || []).map(user_text),
			"One a line: user NAME=ACCESS or group NAME=ACCESS. ACCESS is none, read, write or admin."),
		default_access: field_choice("Access of all others", types.default_access.enum,
					     share.default_access || "write"),
		anon: field_text("Anonymous user", anon, { help: "UID or UID:GID" }),
		snapshots: field_text("Folder of snapshots", share.snapshots,
				      { help: "From the root of the share." }),
		links: new LinesField("Links to other servers", (share.links || "").split("\n")
			.filter(Boolean), "One a line: PATH=SERVER:/PATH[,SERVER:/PATH...]"),
	};
}

/* The words of "share add" or "share set" behind name and path: what was changed. */
function fields_words(fields, options) {
	const plain = ["comment", "default_access", "anon", "snapshots", "protocols"];
	const words = plain.filter(name => fields[name].changed)
		.flatMap(name => [name.replaceAll("_", "-"), fields[name].value]);

	if (fields.read_only.changed)
		words.push(fields.read_only.value === "read-only" ? "ro" : "rw");
	words.push(...list_words(fields.rules, "no-rules", line => ["allow", line]));
	words.push(...list_words(fields.users, "no-users", user_words));
	words.push(...list_words(fields.links, "no-links", line => ["link", line]));
	for (const [name, field] of Object.entries(options))
		if (field.changed)
			words.push(name.replaceAll("_", "-"), field.value);
	return words;
}

/* Open the form of a share, or of a new one for null. */
export async function share_form_open(share, done) {
	const types = await schema_load(), known = share || {};
	const name = field_text("Name", "", { required: true });
	const path = field_text("Path", "", { required: true, help: "A folder of this machine." });
	const fields = fields_new(types, known), options = {};

	for (const option of Object.keys(types).filter(key => !KNOWN.includes(key)))
		options[option] = option_field(option, types[option], known[option]);
	const { comment, read_only, protocols, rules, users, default_access, ...rare } = fields;
	const more = element_new("details", {}, element_new("summary", {}, "More options"),
		element_new("p", { class: "help" }, "dittoctl(8) explains them."),
		element_new("div", { class: "columns" },
			[...Object.values(rare), ...Object.values(options)].map(f => f.node)));

	dialog_open({
		title: share ? `Change the share ${share.name}` : "New share",
		body: [...(share ? [] : [name, path]), comment, read_only, protocols, rules, users,
		       default_access].map(f => f.node).concat(more),
		action: share ? "Change" : "Serve",
		words: () => {
			const words = fields_words(fields, options);

			if (!share)
				return ["share", "add", name.value, path.value, ...words];
			return words.length ? ["share", "set", share.name, ...words] : null;
		},
		done,
	});
}
