import '@mantine/core/styles.css'
import './style.css'
import { createRoot } from 'react-dom/client'
import { App } from './app.tsx'
import { takeSignInToken } from './sign-in-token.ts'

const token = takeSignInToken(window.location, window.history)
const root = document.getElementById('root')
if (root) createRoot(root).render(<App token={token} />)
