// What is shown of a probe once its hidden side is open: automatic label, atom, responses, answers with their scores.

function revealed({ automatic, color, atom, response, ipa, answers, scores, flags }) {
  const parts = [];
  const label = element("p", "automatic");
  label.style.setProperty("--label", color);
  label.append("Automatic label ", element("b", "", automatic));
  parts.push(label);
  parts.push(...passage("Atom", atom));
  if (response !== null) parts.push(...passage("Target response", response));
  parts.push(...passage("Incorrect plausible answer", ipa));
  if (answers.length || scores.length) parts.push(element("h4", "", "Blind answers"), scored(answers, scores, color));
  if (flags.length) {
    const list = element("ul", "flags");
    list.append(...flags.map(([name, meaning]) => element("li", "", `${name}: ${meaning}`)));
    parts.push(element("h4", "", "Flags"), list);
  }
  return parts;
}

function passage(title, text) {
  return [element("h4", "", title), element("p", text ? "passage" : "passage missing", text || "none in the data")];
}

function scored(answers, scores, color) {
  const best = Math.max(...scores.filter((score) => score !== null));
  const list = element("ol", "answers");
  list.style.setProperty("--label", color);
  for (let at = 0; at < Math.max(answers.length, scores.length); at++) {
    const score = scores[at] ?? null;
    const row = element("li", score !== null && score === best ? "best" : "");
    const bar = element("span", "score-bar");
    bar.style.setProperty("--width", `${100 * Math.min(Math.max(score ?? 0, 0), 1)}%`);
    row.append(element("b", "", score === null ? "–" : score.toFixed(2)), bar, element("p", "", answers[at] ?? "no answer"));
    list.append(row);
  }
  return list;
}
