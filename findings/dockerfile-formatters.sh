#!/usr/bin/env bash
# Two formatters of Dockerfiles change what they say: dockerfmt takes the brackets from a COPY of a name with a blank, and dockerfile-utils
# parts a word that goes on in the next line.
#
# Versions: @reteps/dockerfmt 0.5.4 and dockerfile-utils 0.16.3, with which the language server for Dockerfiles formats, of npm; Node.js from the
# machine.
# Behaviour: `COPY ["a b", "c"]` becomes `COPY a b c`, which copies a and b; so with ADD. Of RUN, CMD and VOLUME the brackets stay. dockerfmt
# writes `ENV A b c`, whose value is "b c", as `ENV A=b c`, which Docker refuses. dockerfile-utils indents each line in which another goes
# on, and BuildKit takes these blanks for a part of the word: `echo a\` before `b` prints "ab" before and "a b" afterwards. In quotes
# another number of blanks is another value, of ENV and LABEL with both, of RUN with dockerfile-utils alone. The file of a COPY with a heredoc,
# comments between lines and brackets with single quotes stay what they were.
# Guessed: that blanks between words change, and nothing else.
# Seen: for each file what each of them makes of it.
# What follows: write a layer of each before and after, or do without a formatter where names have blanks and lines end within a text.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-fund --no-audit @reteps/dockerfmt@0.5.4 dockerfile-utils@0.16.3 >/dev/null
cat >look.mjs <<'JS'
import { formatDockerfileContents } from '@reteps/dockerfmt';
import utils from 'dockerfile-utils';

function applied(text, edits) {
  const starts = [0];
  for (const line of text.split('\n')) starts.push(starts.at(-1) + line.length + 1);
  const place = ({ line, character }) => starts[line] + character;
  for (const { range, newText } of edits.sort((a, b) => place(b.range.start) - place(a.range.start)))
    text = text.slice(0, place(range.start)) + newText + text.slice(place(range.end));
  return text;
}

for (const instruction of [
  'COPY ["a b", "c"]', 'ADD ["a b", "c"]', 'COPY ["a", "c"]', 'RUN ["a b", "c"]', 'CMD ["a b",  "c"]', 'VOLUME ["/a b"]',
  'ENV A b c', 'ENV A  "b  c"', 'ENV A=b\\ c',
  'RUN echo a\\\nb', 'RUN echo a \\\n  b', "RUN echo 'a \\\n  b'", 'ENV A="b \\\n  c"', 'LABEL a="b \\\n  c"',
  'RUN <<EOF\n  echo  a\nEOF', 'COPY <<EOF /a.yaml\na:\n  - b\nEOF', 'RUN a && \\\n  # why\n  b', "CMD ['a',  'b']",
]) {
  const before = `FROM i\n${instruction}\n`;
  const options = { indent: 4, trailingNewline: true, spaceRedirects: false };
  const shown = (after) => (after === before ? 'as it was' : JSON.stringify(after.slice(7, -1)));
  const dockerfmt = shown(await formatDockerfileContents(before, options));
  console.log(JSON.stringify(instruction), '-> dockerfmt', dockerfmt + ', dockerfile-utils', shown(applied(before, utils.format(before, { tabSize: 4, insertSpaces: true }))));
}
process.exit();
JS
node look.mjs | tee seen
diff - seen <<'SEEN'
"COPY [\"a b\", \"c\"]" -> dockerfmt "COPY a b c", dockerfile-utils as it was
"ADD [\"a b\", \"c\"]" -> dockerfmt "ADD a b c", dockerfile-utils as it was
"COPY [\"a\", \"c\"]" -> dockerfmt "COPY a c", dockerfile-utils as it was
"RUN [\"a b\", \"c\"]" -> dockerfmt as it was, dockerfile-utils as it was
"CMD [\"a b\",  \"c\"]" -> dockerfmt "CMD [\"a b\", \"c\"]", dockerfile-utils as it was
"VOLUME [\"/a b\"]" -> dockerfmt as it was, dockerfile-utils as it was
"ENV A b c" -> dockerfmt "ENV A=b c", dockerfile-utils as it was
"ENV A  \"b  c\"" -> dockerfmt "ENV A=\"b  c\"", dockerfile-utils as it was
"ENV A=b\\ c" -> dockerfmt as it was, dockerfile-utils as it was
"RUN echo a\\\nb" -> dockerfmt "RUN echo ab", dockerfile-utils "RUN echo a\\\n    b"
"RUN echo a \\\n  b" -> dockerfmt "RUN echo a \\\n    b", dockerfile-utils "RUN echo a \\\n    b"
"RUN echo 'a \\\n  b'" -> dockerfmt as it was, dockerfile-utils "RUN echo 'a \\\n    b'"
"ENV A=\"b \\\n  c\"" -> dockerfmt "ENV A=\"b \\\n    c\"", dockerfile-utils "ENV A=\"b \\\n    c\""
"LABEL a=\"b \\\n  c\"" -> dockerfmt "LABEL a=\"b \\\n    c\"", dockerfile-utils "LABEL a=\"b \\\n    c\""
"RUN <<EOF\n  echo  a\nEOF" -> dockerfmt "RUN <<EOF\necho a\nEOF", dockerfile-utils as it was
"COPY <<EOF /a.yaml\na:\n  - b\nEOF" -> dockerfmt as it was, dockerfile-utils as it was
"RUN a && \\\n  # why\n  b" -> dockerfmt "RUN a \\\n    # why\n    && b", dockerfile-utils "RUN a && \\\n    # why\n    b"
"CMD ['a',  'b']" -> dockerfmt "CMD ['a', 'b']", dockerfile-utils as it was
SEEN
echo "as it was seen"
