// SPDX-License-Identifier: GPL-2.0-only
/* Fields of forms. Each has a node and a value, and knows whether the value was changed. */
import { element_new } from "./dom.js";

let fields = 0;

/* A field around an element with a label, and words of help below it. */
class Field {
	constructor(label, help, input) {
		const id = `field-${++fields}`;

		this.input = input;
		this.initial = this.value;
		input.id = id;
		if (help)
			input.setAttribute("aria-describedby", `${id}-help`);
		this.node = element_new("div", { class: "field" }, element_new("label", { for: id }, label),
			input, help ? element_new("div", { class: "help", id: `${id}-help` }, help) : []);
	}

	get value() {
		return this.input.value;
	}

	get changed() {
		return this.value !== this.initial;
	}
}

export function field_text(label, value = "", { help, required } = {}) {
	const input = element_new("input", { type: "text", autocomplete: "off", spellcheck: "false",
					     required: Boolean(required) });

	input.value = value;
	return new Field(label, help, input);
}

/* Several values, one a line. */
export class LinesField extends Field {
	constructor(label, lines, help) {
		const input = element_new("textarea", { rows: Math.max(2, lines.length + 1),
							spellcheck: "false" });

		input.value = lines.join("\n");
		super(label, help, input);
	}

	get lines() {
		return this.value.split("\n").filter(line => line.trim());
	}
}

/* One of several values; "" stands for the default where no value is known. */
export function field_choice(label, values, value = "", help) {
	const input = element_new("select", {}, (values.includes(value) ? values : ["", ...values])
		.map(v => element_new("option", { value: v }, v || "the default")));

	input.value = value;
	return new Field(label, help, input);
}

/* Some of several values, as a list with commas. */
export class ChecksField {
	constructor(label, values, chosen, help) {
		this.boxes = values.map(value => {
			const box = element_new("input", { type: "checkbox", value });

			box.checked = chosen.includes(value);
			return box;
		});
		this.initial = this.value;
		this.node = element_new("fieldset", { class: "field" }, element_new("legend", {}, label),
			this.boxes.map(box => element_new("label", { class: "check" }, box, box.value)),
			help ? element_new("div", { class: "help" }, help) : []);
	}

	get value() {
		return this.boxes.filter(box => box.checked).map(box => box.value).join(",");
	}

	get changed() {
		return this.value !== this.initial;
	}
}
