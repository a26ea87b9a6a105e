import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { readHtml } from '../../stages/sources/web/html.ts';
import { htmlCharacters } from '../twins/html-characters.ts';

const main = (html: string) => readHtml(html, { keep: 'main' }).text;
const all = (html: string) => readHtml(html, { keep: 'all' }).text;

describe('HTML to text', () => {
  test('a block is a line, in-line elements are not, white space is one space', () => {
    assert.equal(main('<h1>A <b>b</b>\n c</h1><p>d<br>e</p>f<ul><li>g<li>h</ul>'), 'A b c\nd\ne\nf\ng\nh');
    assert.equal(main('<table><tr><td>a<td>b</tr><tr><th>c</th><td>d</table>'), 'a b\nc d');
    assert.equal(main('<p>a&nbsp;b &lt;i&gt; &eacute;&#x1F600; &nosuch;</p>'), 'a b <i> é😀 &nosuch;');
  });

  test('preformatted text keeps its lines', () => {
    assert.equal(main('x<pre>\n  a  b\n    c\n\n</pre>y'), 'x\n  a  b\n    c\ny');
  });

  test('what is no text of the page is left out', () => {
    const silent = `<head><title>t</title><style>p{}</style></head><script>if (a<b) "</p>"</script><!-- c --><noscript>n</noscript>
      <template>t</template><iframe>i</iframe><textarea>a</textarea><select><option>o</select><button>b</button>
      <svg><title>s</title><text>v</text></svg><video>old browser</video>`;
    assert.equal(all(`${silent}<p>only this`), 'only this');
    assert.equal(all('<p>a</p><svg><path><p>b</p>'), 'a\nb');
    assert.equal(all('<svg/><p>a<svg><script/></svg>b'), 'ab');
  });

  test('the surroundings of the content are left out, by element and by role, the innermost one counting', () => {
    const page = `<header>Site</header><nav><a href=/>Home</a></nav>
      <main><header>By me</header><h1><a href=/>Title</a></h1><p>Text.</p><aside>Aside</aside><footer>Sign</footer></main>
      <div role="navigation"><div>Menu</div>Menu</div><div hidden>Hidden</div><div style="color:red; display : none">Hidden</div>
      <ul><li><a href=/1>One</a><li><a href=/2>Two</a></ul><p>See <a href=/3>three</a>, and more.</p><footer>Imprint</footer>`;
    assert.equal(main(page), 'By me\nTitle\nText.\nSee three, and more.');
    for (const word of ['Site', 'Home', 'Aside', 'Menu', 'Hidden', 'Two', 'Imprint'])
      assert.match(all(page), new RegExp(word));
    assert.equal(main('<nav>x<article>kept</article>y</nav>'), 'kept');
    assert.equal(main('<nav>nothing</nav><footer>else</footer>'), 'nothing\nelse');
  });

  test('elements that are not closed, or closed twice, do little harm', () => {
    assert.equal(main('<div><nav>menu</div><p>text</p></nav></div></div>more'), 'text\nmore');
    assert.equal(main('<p>un<b>bold<p>para</i></p>'), 'unbold\npara');
  });

  test('the page is asked for its title, its own address and its language', () => {
    const page = readHtml(
      `<html LANG=de-AT><head><base href="/a/"><svg><title>icon</title></svg><title>\nGr&uuml;&szlig;e <b>
        </title><title>second</title><link rel="Canonical nofollow" href="b?c#d"><link rel=canonical href=/other>
        <body lang=fr><p>text`,
      { keep: 'main' },
    );
    const { title, canonical, base, language, kept } = page;
    assert.deepEqual([title, canonical, base, language, kept], ['Grüße <b>', 'b?c#d', '/a/', 'de-AT', 'main']);
    const bare = readHtml('<nav>menu</nav>', { keep: 'main' });
    assert.deepEqual(
      [bare.title, bare.canonical, bare.base, bare.language, bare.kept],
      [null, null, null, null, 'all'],
    );
  });

  test('controls are left out', () => {
    assert.equal(main('<p>a\0b\x01c\x1bd\x7f</p>'), 'abcd');
  });

  test('an XHTML page may close any element itself', () => {
    const { text, title } = readHtml('<title/><script src="x"/><p>a</p>', { keep: 'main', xml: true });
    assert.deepEqual([text, title], ['a', null]);
  });

  test('nesting, repetition and attributes without end are read to their end', () => {
    const many = 2e5;
    assert.equal(main(`${'<div>'.repeat(many)}deep`), 'deep');
    assert.equal(main(`${'<div>'.repeat(many)}${'</nav>'.repeat(many)}deep`), 'deep');
    assert.equal(main(`${'<x><p></p>'.repeat(many)}deep`), 'deep');
    assert.equal(main(`<pre>${' '.repeat(many)}x</pre>`).trim(), 'x');
    assert.equal(main(`<a ${Array.from({ length: many }, (_, i) => `a${i}`).join(' ')}>deep`), 'deep');
    assert.equal(main('<'.repeat(many)), '<'.repeat(many));
  });

  const markup = fc.oneof(
    fc.string({
      unit: fc.constantFrom('<', '>', '/', '"', "'", '!', '-', '=', '&', ';', '#', 'a', 'p', ' ', '\n', '\0', '\ud800'),
    }),
    fc.constantFrom(
      '<p>',
      '</p>',
      '<div>',
      '</div>',
      '<nav>',
      '</nav>',
      '<script>',
      '</script>',
      '<svg>',
      '</svg>',
      '<pre>',
      '<!--',
      '-->',
    ),
    fc.constantFrom(
      '<a href="',
      '<main>',
      '<title>',
      '<plaintext>',
      '<![CDATA[',
      ']]>',
      '<textarea>',
      '</textarea>',
      '<td>',
      '<table>',
    ),
  );

  test('whatever a page holds, what comes out is text without controls, and all holds no less than main', () => {
    fc.assert(
      fc.property(fc.array(markup, { maxLength: 40 }), (pieces) => {
        const html = pieces.join('');
        // biome-ignore lint/suspicious/noControlCharactersInRegex: there must be none
        assert.doesNotMatch(main(html), /[\0-\x08\x0b-\x1f\x7f]/);
        assert.ok(all(html).length >= main(html).length);
      }),
      { numRuns: 500 },
    );
  });

  test('words of a page come out in their order, whatever blocks and in-line elements they stand in', () => {
    const wrap = fc.constantFrom('p', 'div', 'b', 'span', 'td', 'h2', 'li', 'em', 'section', 'blockquote');
    fc.assert(
      fc.property(fc.array(fc.tuple(wrap, fc.stringMatching(/^[a-z]{1,8}$/)), { minLength: 1 }), (pieces) => {
        const html = pieces.map(([name, word]) => `<${name}>${word}</${name}> `).join('');
        assert.equal(all(html).split(/\s+/).join(' '), pieces.map(([, word]) => word).join(' '));
      }),
    );
  });

  test('text is what the tokenizer of the HTML standard takes for text', () => {
    const unit = fc.constantFrom(...'<>/"\'!-=&;#?x1ap \n\0');
    const known = fc.constantFrom(
      ...[
        '<p>',
        '</p>',
        '<b class="',
        '<a href=x',
        '</b>',
        '<script>',
        '</script>',
        '<style>',
        '</style>',
        '<!--',
        '-->',
      ],
      ...[
        '--!>',
        '<!doctype',
        '<?',
        '<![CDATA[',
        ']]>',
        '<title>',
        '</title ',
        '<textarea/>',
        '</textarea>',
        '<plaintext>',
      ],
      ...['&amp', '&lt;', '&notin;', '&not', '&#38', '&#x80;', '&#0;', '&NotEqualTilde;', '&copy=', '&#xD800;', '&zz;'],
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.string({ unit, maxLength: 6 }), known), { maxLength: 30 }), (pieces) => {
        const html = `${pieces.join('')} <p>.`;
        fc.pre(!/<\/[a-z][^>]*["']/i.test(html)); // an end tag ends at its first '>' here, whatever it quotes
        // biome-ignore lint/suspicious/noControlCharactersInRegex: they are left out, or replaced
        const bare = (text: string) => text.replace(/[\s\0-\x1f\x7f\ufffd]/g, '');
        assert.equal(bare(all(html)), bare(htmlCharacters(html)));
      }),
      { numRuns: 2000, seed: 1 },
    );
  });
});
