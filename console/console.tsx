/** The web console: one page, in which addresses below /console are its pages. */
import { render } from 'preact';
import { App } from './app.tsx';
import { applyTheme, storedTheme } from './lib/theme.ts';
import './styles/base.css';
import './styles/parts.css';
import './styles/viewer.css';

applyTheme(storedTheme());
render(<App />, document.getElementById('app') as HTMLElement);
