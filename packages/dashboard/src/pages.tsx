import type { ReactNode } from 'react'
import { Route, Routes } from 'react-router'
import { AuditPage } from './pages/audit.tsx'
import { DefectPage } from './pages/defect.tsx'
import { DevicePage } from './pages/device.tsx'
import { DevicesPage } from './pages/devices.tsx'
import { EnrolPage } from './pages/enrol.tsx'
import { FailuresPage } from './pages/failures.tsx'
import { FleetPage } from './pages/fleet.tsx'
import { GrantsPage } from './pages/grants.tsx'
import { NotFoundPage } from './pages/not-found.tsx'
import { OverviewPage } from './pages/overview.tsx'
import { PeoplePage } from './pages/people.tsx'
import { ReleasesPage } from './pages/releases.tsx'
import { ReviewsPage } from './pages/reviews.tsx'
import { RolloutPage } from './pages/rollout.tsx'
import { RolloutsPage } from './pages/rollouts.tsx'
import { SecurityPage } from './pages/security.tsx'
import { TrustPage } from './pages/trust.tsx'
import { YouPage } from './pages/you.tsx'
import { Shell } from './parts/shell.tsx'

/** Which page an address names. */
export function Pages(): ReactNode {
  return (
    <Routes>
      <Route element={<Shell />}>
        <Route index element={<OverviewPage />} />
        <Route path="devices" element={<DevicesPage />} />
        <Route path="devices/:device" element={<DevicePage />} />
        <Route path="releases" element={<ReleasesPage />} />
        <Route path="rollouts" element={<RolloutsPage />} />
        <Route path="rollouts/:rollout" element={<RolloutPage />} />
        <Route path="grants" element={<GrantsPage />} />
        <Route path="reviews" element={<ReviewsPage />} />
        <Route path="failures" element={<FailuresPage />} />
        <Route path="failures/:defect" element={<DefectPage />} />
        <Route path="security" element={<SecurityPage />} />
        <Route path="trust" element={<TrustPage />} />
        <Route path="fleet" element={<FleetPage />} />
        <Route path="people" element={<PeoplePage />} />
        <Route path="audit" element={<AuditPage />} />
        <Route path="you" element={<YouPage />} />
        <Route path="enrol" element={<EnrolPage />} />
        <Route path="*" element={<NotFoundPage />} />
      </Route>
    </Routes>
  )
}
