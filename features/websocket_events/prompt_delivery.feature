@websocket_events
Feature: Events arrive as soon as they happen
  Segment:          Mid and Enterprise
  Business goal:    Keep busy teams in the conversation with their agents
  Value impact:     Customers see a step when it happens and can correct the agent immediately
  Strategic impact: Live steps let users correct an agent before a run is wasted

  @WSE-04 @segment.mid @segment.enterprise
  @needs.live_events @needs.cloud_accounts @needs.timestamps
  Rule: At least 95 % of events arrive within the target time

    @gate @timing
    Scenario: Ten concurrent runs are all shown live
      Given ten customers with servers in the cloud
      And every user watches events
      When every user runs a cost analysis at the same time
      Then at least 95 % of all events arrive within the target time for event delivery

    @gate
    Scenario: Quick steps are shown while the agent works on in silence
      Given Acme is a Mid customer
      And Acme watches events
      When Acme runs an agent that thinks twice and then computes for a while
      Then no event has arrived later than the target time for crowd event delivery

    @gate @exclusive
    @needs.job_records @needs.own_services
    Scenario: Events arrive in time while the analytics service hangs
      Given Acme is a Mid customer
      And Acme watches events
      And the analytics service hangs
      When Acme runs agents that crash on every worker
      Then at least 95 % of all events arrive within the target time for crowd event delivery
