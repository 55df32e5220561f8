@api
Feature: Everybody can do what they have the right to do, and nothing else
  Segment:          Early and Enterprise
  Business goal:    Let organisations give everybody exactly the access that their work needs
  Value impact:     An owner can invite a reader without fear that something is changed
  Strategic impact: Rights that hold at every door are what large customers ask for first

  @API-04 @segment.early @segment.enterprise
  Rule: Rights are enforced at every door, and every door has its rights

    @gate
    Scenario: Every door is open to those who have the right, and closed to all others
      Given Acme is an Enterprise customer with people in every role
      When everybody in Acme tries every door, and the operator too
      Then each door was open or closed to each of them as the rights of their role say
      And no closed door has let anything be changed
      And each who was refused was told which permission is missing

    @smoke
    Scenario: No door has been forgotten
      Given Acme is an Early customer
      When Acme looks up which doors there are
      Then each door that is published has its rights written down
      And no rights are written down for a door that is not there
