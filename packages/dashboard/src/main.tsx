import '@mantine/core/styles.css'
import './style.css'
import './columns.css'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { takeComing } from './coming.ts'

const coming = takeComing(window.location, window.history)
const root = document.getElementById('root')
if (root) createRoot(root).render(<App coming={coming} />)
