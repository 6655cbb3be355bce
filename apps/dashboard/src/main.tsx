import { render } from 'preact'
import { startRefreshing } from './refresh.ts'
import './style.css'
import { Page } from './views/page.tsx'

const place = document.getElementById('page')
if (place !== null) {
  render(<Page />, place)
  startRefreshing()
}
