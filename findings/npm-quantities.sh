#!/usr/bin/env bash
# Two packages of npm for quantities of Kubernetes: kubernetes-resource-parser reads `1.5Gi` of memory as one byte, and "123456789n" of CPU time, as the
# metrics server gives it, as 123456789 CPUs; k8s-resource-parser refuses the latter.
#
# Versions: kubernetes-resource-parser 0.1.0 and k8s-resource-parser 0.2.2 of npm; Node.js from the machine.
# Behaviour: kubernetes-resource-parser knows m for CPUs, and units for memory behind a whole number alone. Of everything else it takes the
# digits in front and says nothing: a point and an exponent end a size, u and n and k are passed over, so that "1500u", which is less than
# two thousandths, is 1500 CPUs. A size with m, which the API server takes, is not a number. k8s-resource-parser reads all that but u and n, which are a
# SyntaxError.
# Guessed: that both read what the API server takes, or fail at u, n and exponents.
# Seen: for each quantity its value, then what the two make of it as CPUs and as memory.
# What follows: look what u, n and a point become before you add up requests or use with a library.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund kubernetes-resource-parser@0.1.0 k8s-resource-parser@0.2.2
cat >look.js <<'JS'
const packages = ['kubernetes-resource-parser', 'k8s-resource-parser'];
const values = {
  '1': 1, '0.5': 0.5, '500m': 0.5, '123456789n': 0.123456789, '1500u': 0.0015, '1e3': 1000, '129e6': 129e6, '2k': 2000,
  '100Mi': 100 * 2 ** 20, '1.5Gi': 1.5 * 2 ** 30, '1.5G': 1.5e9, '128974848000m': 128974848,
};
function read(parse, quantity) {
  try {
    return parse(quantity);
  } catch (error) {
    return error.name;
  }
}
for (const [quantity, value] of Object.entries(values)) {
  const both = packages.map((name) => {
    const { cpuParser, memoryParser } = require(name);
    return `${read(cpuParser, quantity)} and ${read(memoryParser, quantity)}`;
  });
  console.log(`${quantity} is ${value}: ${both.join('; ')}`);
}
JS
node look.js | tee seen
diff - seen <<'SEEN'
1 is 1: 1 and 1; 1 and 1
0.5 is 0.5: 0.5 and 0; 0.5 and 0.5
500m is 0.5: 0.5 and NaN; 0.5 and 0.5
123456789n is 0.123456789: 123456789 and NaN; SyntaxError and SyntaxError
1500u is 0.0015: 1500 and NaN; SyntaxError and SyntaxError
1e3 is 1000: 1000 and 1; 1000 and 1000
129e6 is 129000000: 129000000 and 129; 129000000 and 129000000
2k is 2000: 2 and 2000; 2000 and 2000
100Mi is 104857600: 100 and 104857600; 104857600 and 104857600
1.5Gi is 1610612736: 1.5 and 1; 1610612736 and 1610612736
1.5G is 1500000000: 1.5 and 1; 1500000000 and 1500000000
128974848000m is 128974848: 128974848 and NaN; 128974848 and 128974848
SEEN
echo "as it was seen"
