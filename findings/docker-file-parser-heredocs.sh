#!/usr/bin/env bash
# docker-file-parser of npm takes the lines of a heredoc for instructions, also an `export` or a `user`, without an error, and so what stands behind an
# empty line in a RUN; quotes stay in the values of ENV and LABEL.
#
# Versions: docker-file-parser 1.0.7 and, beside it, dockerfile-ast 0.7.1 of npm; Node.js from the machine.
# Behaviour: a script that a heredoc has is read line by line: the first word of each becomes an instruction in capitals, unknown or not, and one that
# begins with `user` is the image's user. An empty line between the lines of an instruction, of which Docker only warns, ends it; a
# comment does not. "b c" keeps its quotes, and a list of SHELL is text, while that of CMD is a list. A directive `escape` is obeyed.
# Guessed: that lines of a heredoc are instructions with an error, that empty lines are left out as comments are, that quotes are taken away, and
# that `escape` is passed over.
# Seen: for each Dockerfile what docker-file-parser reads, then the names that dockerfile-ast does.
# What follows: read Dockerfiles with another package; with this one look for names that Docker does not know.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund docker-file-parser@1.0.7 dockerfile-ast@0.7.1
cat >look.js <<'JS'
const { parse } = require('docker-file-parser');
const { DockerfileParser } = require('dockerfile-ast');

const files = [
  'RUN one && \\\n  two\n',
  'RUN one && \\\n# why\n  two\n',
  'RUN one && \\\n\n  two\n',
  'RUN <<EOF\nexport A=1\nuser root\nEOF\n',
  'ENV A="b c"\n',
  'LABEL a="b c"\n',
  'SHELL ["bash", "-c"]\n',
  'CMD ["bash", "-c"]\n',
  '# escape=`\nRUN one `\n  two\n',
];
for (const file of files) {
  const read = parse(file).map(({ name, args, error }) => `${name} ${JSON.stringify(args)}${error ? ` (${error})` : ''}`);
  const names = DockerfileParser.parse(file).getInstructions().map((each) => each.getKeyword());
  console.log(`${JSON.stringify(file)}\n    ${read.join('; ')}\n    ${names.join('; ')}`);
}
JS
node look.js | tee seen
diff - seen <<'SEEN'
"RUN one && \\\n  two\n"
    RUN "one &&   two"
    RUN
"RUN one && \\\n# why\n  two\n"
    RUN "one &&   two"
    RUN
"RUN one && \\\n\n  two\n"
    RUN "one &&"; TWO ""
    RUN
"RUN <<EOF\nexport A=1\nuser root\nEOF\n"
    RUN "<<EOF"; EXPORT "A=1"; USER "root"; EOF ""
    RUN
"ENV A=\"b c\"\n"
    ENV {"A":"\"b c\""}
    ENV
"LABEL a=\"b c\"\n"
    LABEL {"a":"\"b c\""}
    LABEL
"SHELL [\"bash\", \"-c\"]\n"
    SHELL "[\"bash\", \"-c\"]"
    SHELL
"CMD [\"bash\", \"-c\"]\n"
    CMD ["bash","-c"]
    CMD
"# escape=`\nRUN one `\n  two\n"
    RUN "one   two"
    RUN
SEEN
echo "as it was seen"
