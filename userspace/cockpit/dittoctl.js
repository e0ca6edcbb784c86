// SPDX-License-Identifier: GPL-2.0-only
/* Runs dittoctl as the administrator. Arguments are an array, which no shell reads. */

/* What dittoctl said: sentences as they came. */
export class DittoctlError extends Error {
	constructor(lines) {
		super(lines.join("\n"));
		this.lines = lines;
	}
}

/* Numbers above 2^53 stay exact as strings. */
const NUMBER = /"(?:[^"\\]|\\.)*"|\d{16,}/g;

function json_read(text) {
	if (!text.trim())
		return null;
	return JSON.parse(text.replace(NUMBER, word => word[0] === '"' ? word : `"${word}"`));
}

/* The sentences of the standard error, of which most are JSON. */
function sentences_read(text) {
	return (text || "").split("\n").filter(Boolean).map(line => {
		try {
			const said = JSON.parse(line);

			return said.error || said.warning || line;
		} catch (error) {
			return line;
		}
	});
}

const PROBLEMS = {
	"access-denied": "Only an administrator may see and change this. Choose “Limited access” at the top of Cockpit to get administrative access.",
	"not-found": "The program dittoctl is not installed on this machine: install the package ditto.",
};

/*
 * Run a command, such as ["share", "list"]. Returns { value, warnings }; the value is null if the
 * command prints nothing. Commands that found something amiss print it, and exit with 3 or 4.
 */
export function dittoctl_run(words) {
	const process = cockpit.spawn(["dittoctl", ...words, "--json"],
				      { superuser: "require", err: "message" });

	return new Promise((resolve, reject) => {
		const answer = (out, said) => {
			try {
				resolve({ value: json_read(out), warnings: sentences_read(said) });
			} catch (error) {
				reject(new DittoctlError(["The answer of dittoctl is not understood."]));
			}
		};

		process.then(answer, (error, out) => {
			if (error.exit_status >= 3 && out)
				answer(out, error.message);
			else if (PROBLEMS[error.problem])
				reject(new DittoctlError([PROBLEMS[error.problem]]));
			else
				reject(new DittoctlError(sentences_read(error.message)));
		});
	});
}

export async function dittoctl_value(words) {
	return (await dittoctl_run(words)).value;
}
