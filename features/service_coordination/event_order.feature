@service_coordination
Feature: Events of all services arrive as one sequence
  Segment:          Free, Mid and Enterprise
  Business goal:    Let customers follow long jobs live, whichever service does the work
  Value impact:     Users see each cause before its effect, and how far a long step has come
  Strategic impact: More services can take part in a job without customers noticing the seams

  @CSC-02 @segment.free @segment.mid @segment.enterprise
  @needs.live_events
  Rule: Events of different services arrive in the order in which they happened

    @smoke
    @needs.run_numbers @needs.timestamps
    @needs.partner
    Scenario: A tool's progress reports arrive in causal order
      Given Acme is a Mid customer
      And Acme watches events
      When Acme runs research on three topics
      Then Acme has received every event of the run in order, each once
      And each progress report came after the start and before the end of its tool call

    @gate
    @needs.run_numbers @needs.timestamps
    @needs.partner
    Scenario: Progress reports of parallel tools arrive in causal order
      Given Acme is an Enterprise customer
      And Acme watches events
      When Acme runs two research tasks on three topics each in parallel
      Then Acme has received every event of the run in order, each once
      And each progress report came after the start and before the end of its tool call

    @gate @exclusive
    @needs.operator @needs.notices @needs.own_services
    Scenario: Notices arrive after an interruption in the order they were sent
      Given Acme is a Mid customer
      And Acme watches events
      When the operator sends three notices while the event stream is unreachable
      Then Acme receives the three notices in the order in which they were sent

    @gate @exclusive
    @needs.own_services @needs.own_stores @needs.partner @needs.event_store
    Scenario: A delayed progress report never arrives after a later one
      Given Acme is a Mid customer
      And Acme watches events
      When Acme runs research on three topics while the event stream accepts no report of the second
      Then Acme has received no progress report after a later one

    @gate
    @needs.partner
    Scenario: A progress report arrives while its tool is still running
      Given Acme is a Free customer
      And Acme watches events
      When Acme starts research on two topics while the partner holds back the second
      Then Acme receives the first of two progress reports while the run is still running
