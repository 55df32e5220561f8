@websocket_events
Feature: A dropped connection loses no events
  Segment:          Early, Mid and Enterprise
  Business goal:    Keep customers who work on unreliable networks
  Value impact:     Users on a train or a mobile phone still see the whole analysis
  Strategic impact: Live results can be sold as reliable only if none is ever lost

  @WSE-03 @segment.early @segment.mid @segment.enterprise
  Rule: Reconnecting delivers missed events in order and once, or reports their loss

    @smoke
    @needs.live_events @needs.run_numbers @needs.resume @needs.cloud_accounts @needs.own_services
    Scenario: No event is lost when a connection is reset during a run
      Given Acme is a Mid customer with servers in the cloud
      And Acme watches a running cost analysis
      When Acme's connection is reset and Acme reconnects after the run
      Then Acme has received every event of the run in order, each once
      And Acme's connections together show no gap and no duplicate
      And the answer equals the savings in Acme's own inventory

    @gate
    @needs.live_events @needs.cloud_accounts @needs.own_services @needs.operator
    Scenario: A silently dropped connection is detected on both sides
      Given Acme is an Early customer with servers in the cloud
      And Acme watches a running cost analysis
      When Acme's connection is silently dropped after two heartbeats
      Then Acme detects the dropped connection in time
      And the platform closes Acme's connection in time

    @gate
    @needs.live_events @needs.run_numbers @needs.resume @needs.cloud_accounts @needs.own_services
    Scenario: A new connection delivers what a silently dropped one missed
      Given Acme is an Early customer with servers in the cloud
      And Acme watches a running cost analysis
      When Acme's connection is silently dropped and Acme reconnects after the run
      Then Acme has received every event of the run in order, each once
      And Acme's connections together show no gap and no duplicate

    @gate
    @needs.run_numbers @needs.cloud_accounts @needs.own_services @needs.user_streams
    Scenario Outline: On a slow network events are late but never wrong
      Given Acme is an Enterprise customer with servers in the cloud
      And Acme has <a connection>
      When Acme runs a cost analysis
      Then Acme has received every event of the run in order, each once
      And Acme's connections together show no gap and no duplicate
      And at least one event was delayed by <a connection>

      Examples:
        | a connection               |
        | a slow connection          |
        | an intermittent connection |

    @gate
    @needs.live_events @needs.resume @needs.run_numbers
    Scenario: Hundreds of missed events are all delivered
      Given Acme is a Mid customer with stored usage
      And Acme watches events
      And Acme has disconnected and missed a run of hundreds of events
      When Acme reconnects
      Then Acme has received every event of the run in order, each once

    @gate
    @needs.live_events @needs.resume @needs.run_numbers
    Scenario: A customer who reconnects again and again during a run misses nothing
      Given Acme is a Mid customer with stored usage
      And Acme watches events
      When Acme disconnects and reconnects five times during a run of hundreds of events
      Then Acme has received every event of the run in order, each once
      And Acme's connections together show no gap and no duplicate

    @gate
    @needs.live_events @needs.sequence_numbers @needs.resume @needs.own_services @needs.run_numbers
    Scenario: A customer who returns at another backend misses nothing
      Given Acme is a Mid customer with stored usage
      And two backends are running
      And Acme watches events
      And Acme has disconnected and missed a run of hundreds of events
      When Acme reconnects to the second backend
      Then Acme has received every event of the run in order, each once

    @gate
    @needs.live_events @needs.sequence_numbers @needs.resume
    Scenario: A customer who missed too many events is notified once
      Given Acme is a Mid customer with stored usage
      And Acme watches events
      And Acme has disconnected and missed more events than the platform keeps
      When Acme reconnects
      Then Acme is notified once that events were missed
      And Acme receives the next run without a gap

    @gate
    @needs.live_events @needs.sequence_numbers @needs.resume @needs.run_numbers
    Scenario: A tab that missed events leaves the other tab alone
      Given Acme is a Mid customer with stored usage
      And Acme watches events
      And Acme has a second open tab that was notified of too many missed events
      When Acme's first tab disconnects and reconnects after a usage report
      Then Acme has received every event of the run in order, each once
      And Acme's connections together show no gap and no duplicate

    @gate @exclusive
    @needs.live_events @needs.sequence_numbers @needs.own_services @needs.own_stores
    Scenario: A connected customer is notified when the event stream loses its data
      Given Acme is an Enterprise customer with stored usage
      And Acme watches events
      And Acme has run a usage report
      When the event stream crashes and restarts empty
      Then Acme is notified once that events were missed
      And Acme receives the next run without a gap

    @gate @exclusive
    @needs.live_events @needs.resume @needs.own_services @needs.own_stores @needs.sequence_numbers
    Scenario: A returning customer is notified that the event stream lost its data
      Given Acme is an Early customer with stored usage
      And Acme watches events
      And Acme has run a usage report
      And Acme has disconnected and missed a data loss of the event stream and as many new events
      When Acme reconnects
      Then Acme is notified once that events were missed

    @nightly
    @needs.accounts @needs.colleagues @needs.roles @needs.plans @needs.sessions @needs.conversations @needs.allowances
    @needs.tools @needs.cancellation @needs.notices @needs.live_events @needs.resume
    @needs.partner
    Scenario: No event is lost in whatever order customers leave and return
      When customers of several organisations act in any order, and most of them leave and return
      Then every action has the expected outcome
      And every user finds everything that they have written, and every event
