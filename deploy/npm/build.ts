/** Fills dist/ with what the npm package ships: JavaScript and declarations, since Node strips no types below node_modules. */
import { spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, globSync, mkdirSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildPage } from '../../pipeline/serve/build-page.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const dist = join(root, 'dist');
const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');

rmSync(dist, { recursive: true, force: true });
const { status } = spawnSync(process.execPath, [compiler, '--project', join(root, 'deploy', 'npm')], {
  stdio: 'inherit',
});
if (status !== 0) process.exit(status ?? 1);

/** Read at run time: the wire schemas, and the version. */
for (const file of ['package.json', ...globSync('{pipeline,stages,schemas}/**/*.{avsc,json}', { cwd: root })]) {
  mkdirSync(join(dist, dirname(file)), { recursive: true });
  copyFileSync(join(root, file), join(dist, file));
}

cpSync(join(root, 'pipeline', 'init', 'source'), join(dist, 'pipeline', 'init', 'source'), { recursive: true });

await buildPage(join(dist, 'pipeline', 'serve', 'page'));
