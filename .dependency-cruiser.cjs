/** The layers of docs/architecture.md: who may import whom. Tests and their helpers may reach further. */
const tests = '(\\.test|/testing[^/]*)\\.ts$';
const layer = (name, from, to) => ({
  name,
  severity: 'error',
  comment: `${from} may import only ${to.join(', ') || 'itself'}`,
  from: { path: `^src/${from}/`, pathNot: tests },
  to: { pathNot: [`^src/(${[from, ...to].join('|')})/`] },
});
const noNode = (from) => ({
  name: `${from}-pure`,
  severity: 'error',
  from: { path: `^src/(${from})/`, pathNot: '\\.test\\.ts$' },
  to: { dependencyTypes: ['core', 'npm', 'npm-dev'] },
});
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    layer('registers', 'registers', []),
    layer('packet', 'packet', []),
    layer('ports', 'ports', ['registers', 'packet']),
    layer('pci', 'pci', ['ports', 'registers', 'packet']),
    layer('devices', 'devices', ['pci', 'ports', 'registers', 'packet']),
    layer('driver', 'driver', ['pci', 'ports', 'registers', 'packet', 'devices/igb/tables']),
    layer('faults', 'faults', ['ports', 'registers', 'packet', 'devices/igb/tables']),
    layer('hosted-pf', 'hosted-pf', ['driver', 'ports', 'registers', 'packet', 'devices/igb/tables']),
    {
      name: 'metrics',
      severity: 'error',
      from: { path: '^src/metrics/', pathNot: tests },
      to: { path: '^src/', pathNot: ['^src/metrics/'] },
    },
    {
      name: 'qmp',
      severity: 'error',
      from: { path: '^src/qmp/', pathNot: tests },
      to: { path: '^src/', pathNot: ['^src/qmp/'] },
    },
    {
      name: 'qtest',
      severity: 'error',
      from: { path: '^src/qtest/', pathNot: tests },
      to: {
        path: '^src/',
        pathNot: ['^src/(qtest|qmp|driver|devices|pci|wires|linux|trace|capture|ports|registers|packet)/'],
      },
    },
    {
      name: 'lint',
      severity: 'error',
      from: { path: '^src/lint/', pathNot: tests },
      to: { path: '^src/', pathNot: ['^src/(lint|trace|faults|devices|ports|registers)/'] },
    },
    noNode('registers|packet|ports|pci|devices|driver|faults|hosted-pf'),
    {
      name: 'ffi-only-in-linux',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/linux/' },
      to: { path: 'node_modules/(koffi|@koromix)' },
    },
    {
      name: 'transports-apart',
      severity: 'error',
      from: { path: '^src/(vfio-user|wires|linux)/', pathNot: '\\.test\\.ts$' },
      to: { path: '^src/', pathNot: ['^src/$1/', '^src/(linux|ports|packet|registers)/'] },
    },
    {
      name: 'top-stays-on-top',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(nic|monitor|web|lab|bench|cli)/' },
      to: { path: '^src/(nic|monitor|web|lab|bench|cli)/' },
    },
    {
      name: 'nic-below-lab-and-cli',
      severity: 'error',
      from: { path: '^src/(nic|monitor|web|lab|bench)/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'no-lab-in-nic',
      severity: 'error',
      from: { path: '^src/(nic|monitor|web|lab)/' },
      to: { path: '^src/(lab|bench)/', pathNot: '^src/$1/' },
    },
    {
      name: 'no-monitor-in-nic',
      severity: 'error',
      from: { path: '^src/nic/' },
      to: { path: '^src/(monitor|web)/' },
    },
    {
      name: 'no-web-in-monitor',
      severity: 'error',
      from: { path: '^src/monitor/' },
      to: { path: '^src/web/' },
    },
    {
      name: 'page-in-the-browser',
      comment: 'answers.ts imports types, which no browser sees',
      severity: 'error',
      from: { path: '^src/web/page/', pathNot: [tests, '^src/web/page/answers.ts$'] },
      to: { pathNot: '^src/web/page/' },
    },
    {
      name: 'tests-not-imported',
      severity: 'error',
      from: { pathNot: '\\.test\\.ts$|^test/' },
      to: { path: '\\.test\\.ts$|^test/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    parser: 'swc',
    tsPreCompilationDeps: true,
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'] },
  },
};
